import EventLoop
import Glibc
import Logging
import Primitives
import ProtoWire
import RPCCore
@testable import RPCServer
import Synchronization
import TestPeer
import Testing
import Transport

/// Peers that send nonsense, and an honest one on another connection that does not notice.
@Suite struct HostileConnectionTests {
  private func expectHonestService(_ server: TestServer) async throws {
    #expect(try await server.client().call(path("Echo"), Bytes([1])).message(as: Bytes.self) == Bytes([1]))
  }

  @Test(
    arguments: [
      ("nothing", []), ("half a preface", Array(Frame.preface.prefix(10))), ("the preface alone", Frame.preface),
      ("HTTP/1.1", Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)), ("TLS", [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]),
      ("zeros", [UInt8](repeating: 0, count: 1000)),
      ("half a frame head", Frame.preface + Frame.settings().bytes + [0, 0]),
      (
        "half a frame",
        Frame.preface + Frame.settings().bytes + Frame.headers(1, Peer.request("/a/b")).bytes.dropLast(20)
      ),
      (
        "a huge frame",
        Frame.preface + Frame.settings().bytes + Frame(.data, stream: 1).bytes(declaringLength: 0xff_ffff)
      ),
      ("DATA without HEADERS", Frame.preface + Frame.settings().bytes + Frame.data(1, [1, 2, 3]).bytes),
      ("no SETTINGS", Frame.preface + Frame.headers(1, Peer.request("/a/b")).bytes),
    ] as [(String, [UInt8])])
  func nonsense(name: String, sent: [UInt8]) async throws {
    try await serving([.echo]) { server in
      let peer = try await Peer(server.address)
      try await peer.send(sent)
      try await expectHonestService(server)
      peer.closeSending()
      // The server says goodbye at most, and closes.
      while try await peer.next() != nil {}
      try await expectHonestService(server)
    }
  }

  /// A request that its client cuts short at every place: the handler runs for the whole one only.
  @Test func requestsCutAnywhere() async throws {
    let runs = Atomic(0)
    let count = MethodHandler.unary(.test("Run", .unary)) { (request: Bytes, _) in
      runs.add(1, ordering: .relaxed)
      return request
    }
    let frames: [Frame] = [
      .settings(), .headers(1, Peer.request(path("Run"))), .data(1, grpcFrame(Bytes([1, 2]).wireBytes()), end: true),
    ]
    let bytes = Frame.preface + frames.flatMap(\.bytes)
    try await serving([count, .echo]) { server in
      for place in 0..<bytes.count {
        let peer = try await Peer(server.address)
        try await peer.send(Array(bytes[..<place]))
        peer.closeSending()
        _ = try await peer.rest()
      }
      #expect(runs.load(ordering: .relaxed) == 0)
      try await expectHonestService(server)
    }
  }

  /// First lines that are neither HTTP/2's preface nor a request line of HTTP/1: told as an error of HTTP/2 (RFC 9113,
  /// section 3.4), in however many pieces they come.
  @Test(arguments: ["INVALID CONNECTION PREFACE\r\n\r\n", "PRI * HTTQ/2.0\r\n\r\n", "GET / FTP/1.1\r\n\r\n"])
  func aWrongPreface(text: String) async throws {
    try await serving([.echo]) { server in
      let bytes = Array(text.utf8)
      for place in stride(from: 0, to: bytes.count, by: 5) {
        let peer = try await Peer(server.address)
        if place > 0 { try await peer.send(Array(bytes[..<place])) }
        await peer.trySend(Array(bytes[place...]))
        #expect(try await peer.rest().of(.goAway).map { $0.number(at: 4) } == [1], "\(place)")
      }
      try await expectHonestService(server)
    }
  }

  @Test func randomBytesBehindAGoodStart() async throws {
    try await serving([.echo, .chat]) { server in
      var state: UInt64 = 7
      for _ in 0..<100 {
        let peer = try await server.peer()
        try await peer.send(.headers(1, Peer.request(path("Chat"))))
        var noise: [UInt8] = []
        for _ in 0..<500 {
          state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
          noise.append(UInt8(truncatingIfNeeded: state >> 33))
        }
        await peer.trySend(noise)
        peer.closeSending()
        _ = try await peer.rest()
      }
      try await expectHonestService(server)
    }
  }

  /// A gRPC length of four gigabytes reserves nothing and waits for nothing.
  @Test func aHugeMessageLengthIsRefusedAtOnce() async throws {
    try await serving([.echo, .sum]) { server in
      for method in ["Echo", "Sum"] {
        let peer = try await server.peer()
        try await peer.send(.headers(1, Peer.request(path(method))), .data(1, [0, 0xff, 0xff, 0xff, 0xff]))
        #expect(try await peer.response(1).last?.field("grpc-status") == "8")
      }
      try await expectHonestService(server)
    }
  }

  /// Trap 7: a peer that asks and does not read. It is ended, or held; the honest one is served.
  @Test func aFloodOfPingsThatNobodyReads() async throws {
    try await serving([.echo]) { server in
      let peer = try await server.peer()
      let pings = (0..<1000).flatMap { Frame.ping($0).bytes }
      for _ in 0..<20 { await peer.trySend(pings) }
      try await expectHonestService(server)
    }
  }

  /// Trap 2: malformed requests, each of which makes the server reset its stream.
  @Test func resetsThatThePeerProvokes() async throws {
    try await serving([.echo]) { server in
      let peer = try await server.peer()
      for stream in stride(from: UInt32(1), to: 20_001, by: 2) {
        await peer.trySend(Frame.headers(stream, [[":method", "POST"], ["Upper", "x"]]).bytes)
      }
      peer.closeSending()
      let frames = try await peer.rest()
      // ENHANCE_YOUR_CALM for the resets, or PROTOCOL_ERROR if more streams were open before than may be.
      #expect(frames.of(.goAway).contains { [0xb, 0x1].contains($0.number(at: 4)) })
      #expect(frames.of(.rstStream).count < 5_000)
      try await expectHonestService(server)
    }
  }

  // MARK: Leaks

  /// Trap 21: connections that were opened and dropped, in the middle of whatever, leave nothing alive.
  @Test func droppedConnectionsLeaveNothingBehind() async throws {
    final class Weak: @unchecked Sendable {
      weak var connection: Connection?
    }
    let entered = Atomic(0)
    let park = MethodHandler.bidirectionalStreaming(.test("Park", .bidirectionalStreaming)) {
      (requests: RequestStream<Bytes>, responses: ResponseWriter<Bytes>, _) in
      entered.add(1, ordering: .relaxed)
      for try await request in requests { try await responses.write(request) }
    }
    let group = try EventLoopGroup(count: 1, name: "leak")
    let loop = group.loops[0]
    let core = ServerCore(
      router: try Router([TestService(methodHandlers: [park])]), interceptors: [], configuration: ServerConfiguration(),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let owner = ServerLoop(loop: loop, core: core)
    let references: [Weak] = try await TestLoop.run {
      var references: [Weak] = []
      for round in 0..<100 {
        var ends: [Int32] = [0, 0]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        let serverEnd = ends[0]
        #expect(fcntl(serverEnd, F_SETFL, O_NONBLOCK) == 0)
        let reference = Weak()
        references.append(reference)
        loop.execute {
          do {
            let transport = SocketTransport(serverEnd, tls: nil, buffers: owner.tlsBuffers)
            let connection = try Connection(transport, peer: "unix", on: owner)
            try connection.start()
            reference.connection = connection
          } catch { Issue.record(error) }
        }
        let peer = Peer(descriptor: ends[1])
        if round % 4 > 0 { try await peer.start() }
        if round % 4 > 1 {
          try await peer.send(.headers(1, Peer.request(path("Park"), [["grpc-timeout", "1H"]])))
          try await peer.send(.headers(3, Peer.request(path("Park"))), .data(3, grpcFrame(Bytes([1]).wireBytes())))
        }
        if round % 4 > 2 { _ = try await peer.firstMessage() }
        peer.close()
      }
      return references
    }
    // Each turn of the loop lets more of them go: closing, cancelling, the tasks' ends.
    for _ in 0..<1000 where references.contains(where: { $0.connection != nil }) {
      await withCheckedContinuation { done in loop.execute { done.resume() } }
    }
    #expect(references.filter { $0.connection != nil }.isEmpty)
    #expect(entered.load(ordering: .relaxed) >= 50)
    try await whereBlockingIsFine { group.shutdown() }
  }
}

extension Peer {
  /// The first message of stream 3.
  fileprivate func firstMessage() async throws -> Frame { try await wait(for: .data, stream: 3) }
}
