import EventLoop
import ProtoWire
import RPCCore
@testable import RPCServer
import Synchronization
import TestPeer
import Testing

/// Traps of windows, bodies and writes, over sockets and beside an honest client.
@Suite struct BodyTraps {
  private let message = grpcFrame([])

  /// Trap 8: a client with a zero window holds no more than the high mark allows, and holds up neither its other
  /// streams nor other connections.
  @Test func zeroWindows() async throws {
    let large = MethodHandler.serverStreaming(.test("Large", .serverStreaming)) {
      (_: Bytes, responses: ResponseWriter<Bytes>, _) in
      while true { try await responses.write(Bytes(bytes(50_000))) }
    }
    try await servingBesideAttack([large]) {
      $0.times.responseStall = .milliseconds(100)
    } _: { server in
      let peer = try await server.peer(streamWindow: 0)
      for stream in stride(from: UInt32(1), to: 101, by: 2) {
        try await peer.send(.headers(stream, Peer.request(path("Large"))), .data(stream, message, end: true))
      }
      var ended: Set<UInt32> = []
      while ended.count < 50 {
        let reset = try await peer.wait(for: .rstStream)
        #expect(reset.number() == 0xb)
        ended.insert(reset.stream)
      }
    }
  }

  /// Trap 9: no handler reads these bodies, yet fifty times the connection's window gets through.
  @Test func bodiesThatNobodyReads() async throws {
    let ignore = MethodHandler.clientStreaming(.test("Ignore", .clientStreaming)) { (_: RequestStream<Bytes>, _) in
      Bytes()
    }
    try await servingBesideAttack([ignore]) { server in
      let client = try await server.client()
      let body = bytes(100_000)
      for _ in 0..<500 {
        let call = try await client.start(path("Ignore"))
        try await call.send(bytes: body)
        #expect(try await call.finish().status == 0)
      }
      #expect(try await client.call(path("Echo"), Bytes(body)).message(as: Bytes.self) == Bytes(body))
    }
  }

  /// Trap 9: the same for streams that the client resets while their bodies are buffered.
  @Test func bodiesOfStreamsThatAreReset() async throws {
    let entered = Atomic(0)
    let park = MethodHandler.clientStreaming(.test("Park", .clientStreaming)) { (_: RequestStream<Bytes>, _) -> Bytes in
      entered.add(1, ordering: .relaxed)
      await untilCancelled()
      throw CancellationError()
    }
    try await servingBesideAttack([park]) { server in
      let client = try await server.client()
      for _ in 0..<200 {
        let call = try await client.start(path("Park"))
        try await call.send(bytes: bytes(60_000))
        try await call.cancel()
      }
      #expect(try await client.call(path("Echo"), Bytes(bytes(1000))).status == 0)
      #expect(client.goAways.isEmpty)
    }
  }

  /// Trap 10: a message that is larger than the window must not deadlock.
  @Test func messagesLargerThanTheWindow() async throws {
    try await servingBesideAttack { server in
      let large = Bytes(bytes(4_000_000))
      let reply = try await server.client().call(path("Echo"), large)
      #expect(reply.messages == [large.wireBytes()])
    }
  }

  /// Trap 11: head, message and trailers of a call leave in one write, so they arrive together.
  @Test func oneWriteForAResponse() async throws {
    try await servingBesideAttack { server in
      let peer = try await server.peer()
      _ = try await peer.sync()
      var reader = FrameReader()
      for stream in stride(from: UInt32(1), to: 101, by: 2) {
        try await peer.send(.headers(stream, Peer.request(path("Echo"))), .data(stream, message, end: true))
        reader.append(try await peer.read())
        var frames: [Frame] = []
        while let frame = try reader.next() { frames.append(frame) }
        #expect(frames.filter { $0.stream == stream }.map(\.kind) == [.headers, .data, .headers])
      }
    }
  }

  /// Trap 23: the messages of a turn share their frames, and no prefix gets a frame of its own.
  @Test func streamedMessagesShareFrames() async throws {
    try await servingBesideAttack([.count]) { server in
      let peer = try await server.peer(streamWindow: 1 << 20)
      try await peer.send(
        .headers(1, Peer.request(path("Count"))), .data(1, grpcFrame(Number(1_000).wireBytes()), end: true))
      let frames = try await peer.response(1).of(.data)
      #expect(frames.reduce(0) { $0 + $1.payload.count } > 7_000)
      #expect(frames.count < 10)
      #expect(!frames.contains { $0.payload.count == 5 })
    }
  }

  // MARK: Life

  /// Trap 22: a deadline in eleven thousand years keeps no memory of a call that has ended.
  @Test func deadlinesKeepNoMemory() async throws {
    final class Weak: Sendable {
      private let calls = Mutex<[@Sendable () -> Bool]>([])
      func watch(_ call: CallState) { calls.withLock { [weak call] in $0.append { [weak call] in call != nil } } }
      var alive: Int { calls.withLock { $0.filter { $0() }.count } }
      var count: Int { calls.withLock { $0.count } }
    }
    let weak = Weak()
    let look = MethodHandler.unary(.test("Look", .unary)) { (request: Bytes, context) in
      weak.watch(context.call)
      return request
    }
    try await servingBesideAttack([look]) { server in
      let client = try await server.client()
      for _ in 0..<500 {
        #expect(try await client.call(path("Look"), Bytes(), metadata: [["grpc-timeout", "99999999H"]]).status == 0)
      }
      #expect(weak.count == 500)
      // The last one may not have left its turn yet.
      #expect(weak.alive <= 1)
    }
  }

  /// Trap 24: a connection goes to the loop that has the fewest, also after others have closed.
  @Test func connectionsAreSpread() async throws {
    let whereAmI = MethodHandler.unary(.test("Where", .unary)) { (_: Bytes, _) in
      Number(EventLoop.current.map { Int64(truncatingIfNeeded: ObjectIdentifier($0).hashValue) } ?? 0)
    }
    try await serving([whereAmI, .echo], loops: 3) { server in
      func connect(_ count: Int) async throws -> [Int64: [TestClient]] {
        var clients: [Int64: [TestClient]] = [:]
        for _ in 0..<count {
          let client = try await server.client()
          let place = try await client.call(path("Where"), Bytes()).message(as: Number.self).value
          clients[place, default: []].append(client)
        }
        return clients
      }
      var clients = try await connect(12)
      #expect(clients.values.map(\.count) == [4, 4, 4])
      let emptied = try #require(clients.keys.first)
      for client in clients.removeValue(forKey: emptied) ?? [] { client.close() }
      while await server.server.openConnections() > 8 {}
      let later = try await connect(4)
      #expect(later.keys.map { $0 } == [emptied])
      withExtendedLifetime(clients) {}
    }
  }

  /// Trap 25: messages that try to harm the decoder. Each ends its own call with an error.
  @Test(
    arguments: [
      ("nested too deep", nested(depth: 200)),
      ("a length that nothing follows", [0x1a, 0xff, 0xff, 0xff, 0xff, 0x07]), ("bad UTF-8", [0x1a, 2, 0xc3, 0x28]),
      ("a varint without an end", [UInt8](repeating: 0xff, count: 100)), ("group ends alone", [0x0c]),
    ] as [(String, [UInt8])])
  func malformedMessages(name: String, sent: [UInt8]) async throws {
    let value = MethodHandler.unary(.test("Value", .unary)) { (request: Google_Protobuf_Value, _) in request }
    try await servingBesideAttack([value]) { server in
      let client = try await server.client()
      for _ in 0..<50 { #expect(try await client.call(path("Value"), bytes: sent).status == 13) }
      #expect(try await client.call(path("Echo"), Bytes([1])).status == 0)
    }
  }
}

/// A Value in a list in a Value in a list …
private func nested(depth: Int) -> [UInt8] {
  var bytes: [UInt8] = []
  for _ in 0..<depth {
    let list: [UInt8] = [0x0a] + varint(bytes.count) + bytes
    bytes = [0x32] + varint(list.count) + list
  }
  return bytes
}

private func varint(_ number: Int) -> [UInt8] {
  number < 128 ? [UInt8(number)] : [UInt8(number & 0x7f | 0x80)] + varint(number >> 7)
}

extension GRPCServer {
  fileprivate func openConnections() async -> Int {
    await Task.yield()
    return loops.reduce(0) { $0 + $1.load.load(ordering: .relaxed) }
  }
}
