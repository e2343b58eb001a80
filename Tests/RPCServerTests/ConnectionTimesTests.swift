import ProtoWire
import RPCCore
import RPCServer
import TestPeer
import Testing

/// The times of a connection over sockets: what comes must come, how soon is no matter here.
@Suite struct ConnectionTimesTests {
  private let message = grpcFrame([])

  /// Serves with times, with an honest client whose connection must live on through the test.
  private func serving(
    _ methods: [MethodHandler] = [], _ configure: (inout ConnectionTimes) -> Void,
    _ body: (TestServer) async throws -> Void
  ) async throws {
    try await RPCServerTests.serving([.echo] + methods) {
      configure(&$0.times)
    } _: { server in
      let honest = try await server.client()
      #expect(try await honest.call(path("Echo"), Bytes([1])).status == 0)
      try await body(server)
      #expect(try await honest.call(path("Echo"), Bytes([2])).message(as: Bytes.self) == Bytes([2]))
    }
  }

  private func goAway(_ frames: [Frame]) -> (code: UInt32, reason: String)? {
    frames.of(.goAway).last.map { ($0.number(at: 4), String(decoding: $0.payload.dropFirst(8), as: UTF8.self)) }
  }

  // MARK: The start

  /// Nobody knows yet in what words a client is to be told.
  @Test(arguments: [[], Array(Frame.preface.prefix(10))])
  func whoDoesNotBeginIsClosed(sent: [UInt8]) async throws {
    try await serving {
      $0.handshake = .milliseconds(400)
    } _: { server in
      let peer = try await Peer(server.address)
      try await peer.send(sent)
      #expect(try await peer.read().isEmpty)
    }
  }

  @Test(arguments: [Frame.preface, Frame.preface + [0, 0, 0, 4]])
  func aHandshakeMustBeCompleted(sent: [UInt8]) async throws {
    try await serving {
      $0.handshake = .milliseconds(400)
    } _: { server in
      let peer = try await Peer(server.address)
      try await peer.send(sent)
      let end = try #require(try await goAway(peer.rest()))
      #expect(end == (4, "no SETTINGS came in time"))
    }
  }

  /// A header section whose last byte never comes: in one frame, or in one CONTINUATION after the other.
  @Test(arguments: [false, true]) func aHeaderSectionMustBeCompleted(isContinued: Bool) async throws {
    try await serving {
      $0.header = .milliseconds(30)
    } _: { server in
      let peer = try await server.peer()
      let fields = HeaderEncoder.encode(Peer.request(path("Echo")))
      if isContinued {
        try await peer.send(
          Frame(.headers, stream: 1, fields), Frame(.continuation, stream: 1, HeaderEncoder.encode([["a", "b"]])))
      } else {
        try await peer.send(Array(Frame(.headers, flags: Frame.endHeaders, stream: 1, fields).bytes.dropLast()))
      }
      #expect(try #require(try await goAway(peer.rest())) == (0xb, "a header section was not completed in time"))
    }
  }

  // MARK: The middle

  @Test func whoDoesNotAnswerAPingIsDropped() async throws {
    let cancelled = Gate()
    let entered = Gate()
    try await RPCServerTests.serving([.park(entered: entered, cancelled: cancelled)]) {
      $0.times.keepAliveInterval = .milliseconds(20)
      $0.times.keepAliveTimeout = .milliseconds(50)
    } _: { server in
      let peer = try await server.peer()
      try await peer.send(.headers(1, Peer.request(path("Park"))), .data(1, message, end: true))
      try await entered.wait()
      let rest = try await peer.rest()
      #expect(rest.of(.ping).count == 1)
      #expect(rest.of(.goAway).isEmpty)
      try await cancelled.wait()
    }
  }

  @Test func whoAnswersPingsLives() async throws {
    try await RPCServerTests.serving([.echo]) {
      $0.times.keepAliveInterval = .milliseconds(10)
    } _: { server in
      let peer = try await server.peer()
      for _ in 0..<5 {
        let ping = try await peer.wait(for: .ping)
        #expect(!ping.has(Frame.ack))
        try await peer.send(Frame(.ping, flags: Frame.ack, ping.payload))
      }
      try await peer.send(.headers(1, Peer.request(path("Echo"))), .data(1, message, end: true))
      #expect(try await peer.response(1).last?.field("grpc-status") == "0")
    }
  }

  /// gRFC A8. The honest client pings as well, within its rights.
  @Test(arguments: [false, true]) func whoPingsTooOftenIsToldSo(hasCall: Bool) async throws {
    try await serving([.chat]) {
      $0.minimumPingInterval = .seconds(300)
      $0.allowsPingsWithoutCalls = false
    } _: { server in
      let honest = try await server.peer()
      for stream in [UInt32(1), 3, 5, 7, 9, 11] {
        try await honest.send(.headers(stream, Peer.request(path("Echo"))), .data(stream, message, end: true), .ping(1))
        #expect(try await honest.response(stream).last?.field("grpc-status") == "0")
      }
      let peer = try await server.peer()
      if hasCall { try await peer.send(.headers(1, Peer.request(path("Chat")))) }
      for number in 0..<4 { try await peer.send(.ping(UInt64(number))) }
      #expect(try #require(try await goAway(peer.rest())) == (0xb, "too_many_pings"))
      _ = try await honest.sync()
    }
  }

  /// Trap 8: a reader with its window shut. Its call is ended, its connection and its other calls live.
  @Test func aCallThatNobodyReadsIsEnded() async throws {
    try await serving([.count]) {
      $0.responseStall = .milliseconds(40)
    } _: { server in
      let peer = try await server.peer(streamWindow: 4)
      try await peer.send(
        .headers(1, Peer.request(path("Count"))), .data(1, grpcFrame(Number(3).wireBytes()), end: true))
      let reset = try await peer.wait(for: .rstStream, stream: 1)
      #expect(reset.number() == 0xb)
      _ = try await peer.sync()
      try await peer.send(
        .headers(3, Peer.request(path("Count"))), .data(3, grpcFrame(Number(1).wireBytes()), end: true),
        .windowUpdate(3, 1000))
      #expect(try await peer.response(3).last?.field("grpc-status") == "0")
    }
  }

  /// A slow reader is no stalled one.
  @Test func aCallThatIsReadSlowlyGoesOn() async throws {
    try await serving([.count]) {
      $0.responseStall = .seconds(30)
    } _: { server in
      let peer = try await server.peer(streamWindow: 1)
      try await peer.send(
        .headers(1, Peer.request(path("Count"))), .data(1, grpcFrame(Number(3).wireBytes()), end: true))
      for _ in 0..<20 {
        _ = try await peer.wait(for: .data, stream: 1)
        try await peer.send(.windowUpdate(1, 1))
      }
      try await peer.send(.windowUpdate(1, 100))
      #expect(try await peer.response(1).last?.field("grpc-status") == "0")
    }
  }

  /// Its windows are open, and it does not read its socket.
  @Test func aConnectionThatIsNotReadIsClosed() async throws {
    let ended = Gate()
    let flood = MethodHandler.serverStreaming(.test("Flood", .serverStreaming)) {
      (_: Bytes, responses: ResponseWriter<Bytes>, _) in
      defer { ended.open() }
      while true { try await responses.write(Bytes(bytes(60_000))) }
    }
    try await serving([flood]) {
      $0.writeStall = .milliseconds(50)
    } _: { server in
      let peer = try await server.peer(streamWindow: 1 << 30)
      try await peer.send(.windowUpdate(0, 1 << 30))
      try await peer.send(.headers(1, Peer.request(path("Flood"))), .data(1, message, end: true))
      try await ended.wait()
      withExtendedLifetime(peer) {}
    }
  }

  // MARK: The end

  @Test func anIdleConnectionIsDrained() async throws {
    let go = Gate()
    let entered = Gate()
    try await RPCServerTests.serving([.wait(entered: entered, go: go)]) {
      $0.times.idle = .milliseconds(300)
    } _: { server in
      let busy = try await server.peer()
      try await busy.send(.headers(1, Peer.request(path("Wait"))), .data(1, message, end: true))
      try await entered.wait()
      let idle = try await server.peer()
      let frames = try await idle.rest()
      #expect(frames.of(.goAway).map { $0.number() } == [0x7fff_ffff, 0])
      #expect(goAway(frames)?.code == 0)
      // The one with a call is drained only when that is done.
      #expect(try await busy.sync().of(.goAway).isEmpty)
      go.open()
      let rest = try await busy.rest()
      #expect(rest.last { $0.stream == 1 }?.field("grpc-status") == "0")
      #expect(rest.of(.goAway).first?.number() == 0x7fff_ffff)
    }
  }

  @Test func anOldConnectionIsDrainedAndItsCallsFinished() async throws {
    let go = Gate()
    let entered = Gate()
    try await RPCServerTests.serving([.wait(entered: entered, go: go)]) {
      $0.times.age = .milliseconds(300)
    } _: { server in
      let peer = try await server.peer()
      try await peer.send(.headers(1, Peer.request(path("Wait"))), .data(1, message, end: true))
      try await entered.wait()
      let ping = try await peer.wait(for: .ping)
      try await peer.send(Frame(.ping, flags: Frame.ack, ping.payload))
      #expect(try await peer.wait(for: .goAway).number() == 1)
      go.open()
      #expect(try await peer.rest().last { $0.stream == 1 }?.field("grpc-status") == "0")
    }
  }

  @Test func callsThatOutliveTheGraceAreCancelled() async throws {
    let entered = Gate()
    let cancelled = Gate()
    try await RPCServerTests.serving([.park(entered: entered, cancelled: cancelled)]) {
      $0.times.age = .milliseconds(300)
      $0.times.ageGrace = .milliseconds(20)
    } _: { server in
      let peer = try await server.peer()
      try await peer.send(.headers(1, Peer.request(path("Park"))), .data(1, message, end: true))
      try await cancelled.wait()
      #expect(try await peer.rest().of(.goAway).first?.number() == 0x7fff_ffff)
    }
  }
}
