import ProtoWire
import RPCCore
@testable import RPCServer
import Synchronization
import TestPeer
import Testing

/// Floods, really sent over a socket, and an honest client on another connection that does not notice. Numbers are
/// those of the table of traps in docs/threat-model.md.
@Suite struct FloodTraps {
  private let echo = Peer.request(path("Echo"))
  private let message = grpcFrame([])

  /// Sends a few times the budget, no more than the server drops while it lingers, and returns what it said last.
  private func flood(_ server: TestServer, rounds: Int, _ round: (Int) -> [Frame]) async throws -> (
    code: UInt32, reason: String
  )? {
    let peer = try await server.peer()
    var batch: [UInt8] = []
    for number in 0..<rounds {
      batch += round(number).flatMap(\.bytes)
      guard batch.count > 16_384 || number == rounds - 1 else { continue }
      do { try await peer.send(batch) } catch { break }
      batch = []
    }
    peer.closeSending()
    let end = try await peer.rest().of(.goAway).last
    return end.map { ($0.number(at: 4), String(decoding: $0.payload.dropFirst(8), as: UTF8.self)) }
  }

  /// Trap 1, CVE-2023-44487: streams that the client opens and resets.
  @Test func rapidReset() async throws {
    try await servingBesideAttack { server in
      let end = try await flood(server, rounds: 3_000) { number in
        let stream = UInt32(number * 2 + 1)
        return [.headers(stream, echo), .reset(stream, 8)]
      }
      #expect(try #require(end) == (0xb, "too many streams were reset"))
    }
  }

  /// Trap 1: the handlers of reset streams keep running, but never more of them than the limit allows.
  @Test func rapidResetOfHandlersThatRunOn() async throws {
    let go = Gate()
    let running = Atomic(0)
    let most = Atomic(0)
    let stubborn = MethodHandler.unary(.test("Stubborn", .unary)) { (request: Bytes, _) in
      let now = running.add(1, ordering: .relaxed).newValue
      most.store(max(now, most.load(ordering: .relaxed)), ordering: .relaxed)
      await go.passed()
      running.subtract(1, ordering: .relaxed)
      return request
    }
    try await servingBesideAttack([stubborn]) {
      $0.maximumRunningHandlers = 50
    } _: { server in
      let request = Peer.request(path("Stubborn"))
      _ = try await flood(server, rounds: 20_000) { number in
        let stream = UInt32(number * 2 + 1)
        return [.headers(stream, request), .data(stream, message, end: true), .reset(stream, 8)]
      }
      #expect(most.load(ordering: .relaxed) <= 50)
      go.open()
    }
  }

  /// Trap 2, CVE-2025-8671: each of these makes the server reset a stream.
  @Test(arguments: ["window overflow", "upper case", "content-length", "bad trailers"])
  func madeYouReset(how: String) async throws {
    try await servingBesideAttack {
      // One read may hold more streams than the server has reset until then.
      $0.maximumConcurrentStreams = 10_000
    } _: { server in
      let end = try await flood(server, rounds: 1_000) { number in
        let stream = UInt32(number * 2 + 1)
        return switch how {
        case "window overflow": [.headers(stream, echo), .windowUpdate(stream, 0x7fff_ffff)]
        case "upper case": [.headers(stream, echo + [["Upper", "x"]], end: true)]
        case "content-length": [.headers(stream, echo + [["content-length", "0"]]), .data(stream, [1], end: true)]
        default: [.headers(stream, echo), .headers(stream, [[":status", "200"]], end: true)]
        }
      }
      #expect(try #require(end) == (0xb, "too many streams were in error"))
    }
  }

  /// Trap 3: a client may cancel half of its calls while they run, without end, if the others get their responses.
  @Test func honestCancelsAreNoAttack() async throws {
    try await servingBesideAttack([.chat]) { server in
      let client = try await server.client()
      for _ in 0..<3_000 {
        try await client.start(path("Chat")).cancel()
        let reply = try await client.call(path("Echo"), Bytes([1]))
        #expect(reply.status == 0)
      }
      #expect(client.goAways.isEmpty)
    }
  }

  /// Trap 4, CVE-2024-28182: a header section without an end.
  @Test func continuationFlood() async throws {
    try await servingBesideAttack { server in
      let field = HeaderEncoder.encode([["a", "b"]])
      let end = try await flood(server, rounds: 2_000) { number in
        number == 0
          ? [Frame(.headers, stream: 1, HeaderEncoder.encode(echo))] : [Frame(.continuation, stream: 1, field)]
      }
      #expect(try #require(end).code == 0xb)
    }
  }

  /// Trap 5: each byte on the wire refers to a field of four thousand bytes, which the client has put into the HPACK
  /// table before.
  @Test func headerBomb() async throws {
    try await servingBesideAttack { server in
      let peer = try await server.peer()
      // Literal with indexing, new name "x", value of 4000 bytes: 0x40, then its length with a prefix of 7 bits.
      let seed: [UInt8] = [0x40, 1, UInt8(ascii: "x"), 0x7f, 0xa1, 0x1e] + [UInt8](repeating: 0x61, count: 4_000)
      try await peer.send(
        Frame(.headers, flags: Frame.endHeaders | Frame.endStream, stream: 1, HeaderEncoder.encode(echo) + seed))
      _ = try await peer.response(1)
      for stream in stride(from: UInt32(3), to: 201, by: 2) {
        // Index 62 is the newest field of the table.
        let bomb = HeaderEncoder.encode(echo) + [UInt8](repeating: 0xbe, count: 12_000)
        try await peer.send(Frame(.headers, flags: Frame.endHeaders | Frame.endStream, stream: stream, bomb))
        #expect(try await peer.response(stream).last?.field(":status") == "431")
      }
    }
  }

  /// Trap 6: DATA frames of no byte or of one.
  @Test(arguments: [0, 1]) func tinyDataFrames(size: Int) async throws {
    try await servingBesideAttack([.chat]) { server in
      let end = try await flood(server, rounds: 30_000) { number in
        if number == 0 { return [.headers(1, Peer.request(path("Chat")))] }
        // One message that never ends, so that no byte is honest work.
        return [.data(1, number == 1 ? [0, 0, 0x3f, 0xff, 0xff] : [UInt8](repeating: 0, count: size))]
      }
      #expect(try #require(end) == (0xb, "too many small DATA frames"))
    }
  }

  /// Trap 6: small frames that carry messages are honest, such as a chat of single bytes.
  @Test func smallMessagesAreNoAttack() async throws {
    try await servingBesideAttack([.sum]) { server in
      let call = try await server.client().start(path("Sum"))
      for _ in 0..<30_000 { try await call.send(Number(1)) }
      try await call.end()
      #expect(try await call.finish().message(as: Number.self) == Number(30_000))
    }
  }

  /// Trap 7: frames that cost the client little and the server an answer or a look-up.
  @Test(arguments: [Frame.Kind.priority, .settings, .ping, .windowUpdate])
  func controlFrameFlood(kind: Frame.Kind) async throws {
    try await servingBesideAttack { server in
      let end = try await flood(server, rounds: 15_000) { number in
        switch kind {
        case .priority: [Frame(.priority, stream: UInt32(number * 2 + 1), [0, 0, 0, 0, 16])]
        case .settings: [.settings()]
        case .ping: [.ping(UInt64(number))]
        default: [.windowUpdate(0, 1)]
        }
      }
      // Which of the two comes first depends on how much of the answers the peer has taken.
      let reason = try #require(end)
      #expect(reason.code == 0xb)
      #expect(["too many control frames", "too many frames at once"].contains(reason.reason))
    }
  }

  /// nghttp2 drops them without telling anybody.
  @Test(arguments: [UInt32(0), 1]) func framesOfUnknownTypes(stream: UInt32) async throws {
    try await servingBesideAttack { server in
      let end = try await flood(server, rounds: 15_000) { number in
        [Frame(type: UInt8(16 + number % 200), stream: stream, [1, 2, 3])]
      }
      #expect(try #require(end) == (0xb, "too many control frames"))
    }
  }

  /// Frames on a stream that the server reset: once its window is used up, they can't have been on their way.
  @Test func dataOnAStreamThatTheServerReset() async throws {
    try await servingBesideAttack { server in
      let end = try await flood(server, rounds: 15_000) { number in
        // A window that overflows has the stream reset.
        number == 0
          ? [.headers(1, echo), .windowUpdate(1, 0x7fff_ffff)] : [.data(1, [UInt8](repeating: 0, count: 100))]
      }
      #expect(try #require(end) == (0xb, "too many frames on closed streams"))
    }
  }

  @Test(arguments: [Frame.data(1, [1]), .headers(1, [["x", "y"]], end: true)])
  func framesOnAStreamThatTheClientEnded(frame: Frame) async throws {
    try await servingBesideAttack { server in
      let end = try await flood(server, rounds: 1_000) { number in
        number == 0 ? [.headers(1, echo), .data(1, message, end: true)] : [frame]
      }
      #expect(try #require(end).code == 5)
    }
  }

  /// Now and then a frame of an unknown type, and clients that have not yet read that the server ended their calls.
  @Test func framesThatWereOnTheirWayAreNoAttack() async throws {
    try await servingBesideAttack { server in
      let peer = try await server.peer()
      for stream in stride(from: UInt32(1), to: 801, by: 2) {
        try await peer.send(.headers(stream, Peer.request(path("Nothing"))), Frame(type: 0x42, stream: stream, [1]))
        #expect(try await peer.response(stream).last?.field("grpc-status") == "12")
        try await peer.send(.data(stream, bytes(16_384)))
        #expect(try await peer.wait(for: .rstStream, stream: stream).number() == 0)
        try await peer.send((0..<100).flatMap { _ in Frame.data(stream, grpcFrame([1])).bytes })
        try await peer.send(.data(stream, [], end: true))
      }
      #expect(try await !peer.sync().contains { $0.kind == .goAway })
    }
  }
}
