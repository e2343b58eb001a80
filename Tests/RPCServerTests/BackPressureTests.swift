import ProtoWire
import RPCCore
import RPCServer
import Synchronization
import TestPeer
import Testing

/// Who does not read slows down whoever writes to him, and nobody else.
@Suite struct BackPressureTests {
  private static let messages = 2_000

  /// Server streaming: two megabytes in messages of a thousand bytes; counts those that were taken from it.
  private final class Tap: Sendable {
    let written = Atomic(0)
    let finished = Gate()

    var pour: MethodHandler {
      .serverStreaming(.test("Pour", .serverStreaming)) { [self] (_: Bytes, responses: ResponseWriter<Bytes>, _) in
        for _ in 0..<BackPressureTests.messages {
          try await responses.write(Bytes(bytes(1000)))
          written.add(1, ordering: .relaxed)
        }
        finished.open()
      }
    }
  }

  /// A shut window suspends the writer at the high mark; an open one lets it go on.
  @Test func aShutWindowSuspendsTheWriter() async throws {
    let tap = Tap()
    try await serving([tap.pour, .echo]) {
      $0.responseHighMark = 16_384
    } _: { server in
      let peer = try await server.peer(streamWindow: 0)
      try await peer.send(.windowUpdate(0, 1 << 24))
      try await peer.send(.headers(1, Peer.request(path("Pour"))), .data(1, grpcFrame([]), end: true))
      for _ in 0..<20 { #expect(try await peer.sync().of(.data).isEmpty) }
      #expect((1...20).contains(tap.written.load(ordering: .relaxed)))
      #expect(!tap.finished.isOpen)
      // Another call of the same connection is not held up (its window is its own).
      #expect(try await server.client().call(path("Echo"), Bytes([1])).status == 0)
      try await peer.send(.windowUpdate(1, 100_000))
      var received = 0
      while received < 100_000 { received += try await peer.wait(for: .data, stream: 1).payload.count }
      for _ in 0..<20 { #expect(try await peer.sync().of(.data).isEmpty) }
      #expect((90...130).contains(tap.written.load(ordering: .relaxed)))
      try await peer.send(.windowUpdate(1, 1 << 24))
      let rest = try await peer.response(1)
      received += rest.of(.data).reduce(0) { $0 + $1.payload.count }
      #expect(received == Self.messages * (1000 + 3 + 5))
      #expect(rest.last?.field("grpc-status") == "0")
      try await tap.finished.wait()
    }
  }

  /// The connection's window is shared: all writers wait, and all go on.
  @Test func aShutConnectionWindowSuspendsAllWriters() async throws {
    let tap = Tap()
    try await serving([tap.pour]) { server in
      let peer = try await server.peer(streamWindow: 1 << 24)
      for stream in [1, 3, 5] as [UInt32] {
        try await peer.send(.headers(stream, Peer.request(path("Pour"))), .data(stream, grpcFrame([]), end: true))
      }
      var received = 0
      while received < 65_535 { received += try await peer.wait(for: .data).payload.count }
      for _ in 0..<20 { #expect(try await peer.sync().of(.data).isEmpty) }
      #expect(tap.written.load(ordering: .relaxed) < 600)
      try await peer.send(.windowUpdate(0, 1 << 24))
      var open = 3
      while open > 0 {
        guard let frame = try await peer.next() else { throw Peer.Failure.ended }
        received += frame.kind == .data ? frame.payload.count : 0
        if frame.isEnd { open -= 1 }
      }
      #expect(received == 3 * Self.messages * (1000 + 3 + 5))
    }
  }

  /// The window is open, and the peer does not read its socket: what is kept for it has a bound all the same.
  @Test func aReaderThatDoesNotReadSuspendsTheWriter() async throws {
    let written = Atomic(0)
    let flood = MethodHandler.serverStreaming(.test("Flood", .serverStreaming)) {
      (request: Number, responses: ResponseWriter<Bytes>, _) in
      for _ in 0..<request.value {
        try await responses.write(Bytes(bytes(100_000)))
        written.add(1, ordering: .relaxed)
      }
    }
    try await serving([flood, .echo]) { server in
      let peer = try await server.peer(streamWindow: 1 << 30)
      try await peer.send(.windowUpdate(0, 1 << 30))
      try await peer.send(
        .headers(1, Peer.request(path("Flood"))), .data(1, grpcFrame(Number(500).wireBytes()), end: true))
      // Others are served meanwhile: as often as it takes for the writer to have come to a stop.
      let client = try await server.client()
      var before = -1
      while written.load(ordering: .relaxed) != before || before == 0 {
        before = written.load(ordering: .relaxed)
        for _ in 0..<50 { #expect(try await client.call(path("Echo"), Bytes([1])).status == 0) }
      }
      #expect(before < 500)
      let response = try await peer.response(1)
      #expect(response.of(.data).reduce(0) { $0 + $1.payload.count } == 500 * (100_000 + 4 + 5))
      #expect(response.last?.field("grpc-status") == "0")
      #expect(written.load(ordering: .relaxed) == 500)
    }
  }

  /// Requests that the handler does not take fill its stream's window, and stop there.
  @Test func aHandlerThatDoesNotReadSlowsItsClientOnly() async throws {
    let entered = Gate(), go = Gate()
    let lazy = MethodHandler.clientStreaming(.test("Lazy", .clientStreaming)) { (requests: RequestStream<Bytes>, _) in
      entered.open()
      await go.passed()
      var count: Int64 = 0
      for try await request in requests { count += Int64(request.value.count) }
      return Number(count)
    }
    try await serving([lazy, .echo]) { server in
      let peer = try await server.peer()
      try await peer.send(.headers(1, Peer.request(path("Lazy"))))
      try await entered.wait()
      let message = grpcFrame(Bytes(bytes(10_000)).wireBytes())
      // The default window of 262,144 bytes, which SETTINGS told, takes 26 messages.
      for _ in 0..<26 { try await peer.send(.data(1, message)) }
      #expect(try await peer.sync().of(.windowUpdate).allSatisfy { $0.stream == 0 })
      #expect(try await server.client().call(path("Echo"), Bytes([1])).status == 0)
      go.open()
      #expect(try await peer.wait(for: .windowUpdate, stream: 1).number() > 0)
      try await peer.send(.data(1, message), .data(1, [], end: true))
      let response = try await peer.response(1)
      #expect(try Number(wireBytes: Array(response.of(.data)[0].payload.dropFirst(5))).value == 270_000)
    }
  }
}
