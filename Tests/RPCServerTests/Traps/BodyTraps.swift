import EventLoop
import Glibc
import ProtoWire
import RPCCore
@testable import RPCServer
import Synchronization
import TestPeer
import Testing

/// Traps of windows, bodies and writes, over sockets and beside an honest client.
@Suite struct BodyTraps {
  private let message = grpcFrame([])

  /// A reader with a zero window holds as much as the high mark allows, and neither its neighbours nor other
  /// connections wait.
  @Test func trap8ZeroWindows() async throws {
    let large = MethodHandler.serverStreaming(.test("Large", .serverStreaming)) {
      (_: Bytes, responses: ResponseWriter<Bytes>, _) in
      while true { try await responses.write(Bytes(bytes(50_000))) }
    }
    try await servingBesideAttack([large]) {
      $0.times.responseStall = .milliseconds(100)
    } _: { server in
      let peer = try server.peer(streamWindow: 0)
      for stream in stride(from: UInt32(1), to: 101, by: 2) {
        try peer.send(.headers(stream, Peer.request(path("Large"))), .data(stream, message, end: true))
      }
      var ended: Set<UInt32> = []
      while ended.count < 50 {
        let reset = try peer.wait(for: .rstStream)
        #expect(reset.number() == 0xb)
        ended.insert(reset.stream)
      }
    }
  }

  /// Bodies that no handler takes: fifty times the connection's window comes through all the same.
  @Test func trap9BodiesThatNobodyTakes() async throws {
    let ignore = MethodHandler.clientStreaming(.test("Ignore", .clientStreaming)) { (_: RequestStream<Bytes>, _) in
      Bytes()
    }
    try await servingBesideAttack([ignore]) { server in
      let client = try server.client()
      let body = bytes(100_000)
      for _ in 0..<500 {
        let call = try client.start(path("Ignore"))
        try call.send(bytes: body)
        #expect(try call.finish().status == 0)
      }
      #expect(try client.call(path("Echo"), Bytes(body)).message(as: Bytes.self) == Bytes(body))
    }
  }

  /// The same for streams that their client resets while their bodies lie there.
  @Test func trap9BodiesOfStreamsThatAreReset() async throws {
    let entered = Atomic(0)
    let park = MethodHandler.clientStreaming(.test("Park", .clientStreaming)) { (_: RequestStream<Bytes>, _) -> Bytes in
      entered.add(1, ordering: .relaxed)
      await untilCancelled()
      throw CancellationError()
    }
    try await servingBesideAttack([park]) { server in
      let client = try server.client()
      for _ in 0..<200 {
        let call = try client.start(path("Park"))
        try call.send(bytes: bytes(60_000))
        try call.cancel()
      }
      #expect(try client.call(path("Echo"), Bytes(bytes(1000))).status == 0)
      #expect(client.goAways.isEmpty)
    }
  }

  @Test func trap10MessagesLargerThanTheWindow() async throws {
    try await servingBesideAttack { server in
      let large = Bytes(bytes(4_000_000))
      let reply = try server.client().call(path("Echo"), large)
      #expect(reply.messages == [large.wireBytes()])
    }
  }

  /// Head, message and trailers of a call are one write: they are there together.
  @Test func trap11OneWriteForAnAnswer() async throws {
    try await servingBesideAttack { server in
      let peer = try server.peer()
      _ = try peer.sync()
      var buffer = [UInt8](repeating: 0, count: 65_536)
      var reader = FrameReader()
      for stream in stride(from: UInt32(1), to: 101, by: 2) {
        try peer.send(.headers(stream, Peer.request(path("Echo"))), .data(stream, message, end: true))
        let count = recv(peer.descriptor, &buffer, buffer.count, 0)
        reader.append(buffer[..<max(0, count)])
        var frames: [Frame] = []
        while let frame = try reader.next() { frames.append(frame) }
        #expect(frames.filter { $0.stream == stream }.map(\.kind) == [.headers, .data, .headers])
      }
    }
  }

  /// Messages of a turn share their frames, and none has its prefix in a frame of its own.
  @Test func trap23FramesOfStreams() async throws {
    try await servingBesideAttack([.count]) { server in
      let peer = try server.peer(streamWindow: 1 << 20)
      try peer.send(
        .headers(1, Peer.request(path("Count"))), .data(1, grpcFrame(Number(1_000).wireBytes()), end: true))
      let frames = try peer.response(1).of(.data)
      #expect(frames.reduce(0) { $0 + $1.payload.count } > 7_000)
      #expect(frames.count < 10)
      #expect(!frames.contains { $0.payload.count == 5 })
    }
  }

  // MARK: Life

  /// A deadline of eleven thousand years keeps nothing of a call that is over.
  @Test func trap22DeadlinesKeepNothing() async throws {
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
      let client = try server.client()
      for _ in 0..<500 {
        #expect(try client.call(path("Look"), Bytes(), metadata: [["grpc-timeout", "99999999H"]]).status == 0)
      }
      #expect(weak.count == 500)
      // The last one may not have left its turn yet.
      #expect(weak.alive <= 1)
    }
  }

  /// Connections go to the loop that has the fewest, also after others have gone.
  @Test func trap24ConnectionsAreSpread() async throws {
    let whereAmI = MethodHandler.unary(.test("Where", .unary)) { (_: Bytes, _) in
      Number(EventLoop.current.map { Int64(truncatingIfNeeded: ObjectIdentifier($0).hashValue) } ?? 0)
    }
    try await serving([whereAmI, .echo], loops: 3) { server in
      func connect(_ count: Int) throws -> [Int64: [BlockingClient]] {
        var clients: [Int64: [BlockingClient]] = [:]
        for _ in 0..<count {
          let client = try server.client()
          let place = try client.call(path("Where"), Bytes()).message(as: Number.self).value
          clients[place, default: []].append(client)
        }
        return clients
      }
      var clients = try connect(12)
      #expect(clients.values.map(\.count) == [4, 4, 4])
      let emptied = try #require(clients.keys.first)
      for client in clients.removeValue(forKey: emptied) ?? [] { client.peer.close() }
      while await server.server.openConnections() > 8 {}
      let later = try connect(4)
      #expect(later.keys.map { $0 } == [emptied])
      withExtendedLifetime(clients) {}
    }
  }

  /// Messages that are made to hurt the decoder: each is an error of its call.
  @Test(
    arguments: [
      ("nested too deep", nested(depth: 200)),
      ("a length that nothing follows", [0x1a, 0xff, 0xff, 0xff, 0xff, 0x07]), ("bad UTF-8", [0x1a, 2, 0xc3, 0x28]),
      ("a varint without an end", [UInt8](repeating: 0xff, count: 100)), ("group ends alone", [0x0c]),
    ] as [(String, [UInt8])])
  func trap25MessagesThatHurt(name: String, sent: [UInt8]) async throws {
    let value = MethodHandler.unary(.test("Value", .unary)) { (request: Google_Protobuf_Value, _) in request }
    try await servingBesideAttack([value]) { server in
      let client = try server.client()
      for _ in 0..<50 { #expect(try client.call(path("Value"), bytes: sent).status == 13) }
      #expect(try client.call(path("Echo"), Bytes([1])).status == 0)
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
