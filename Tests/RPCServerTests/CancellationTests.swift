import ProtoWire
import RPCCore
import RPCServer
import Synchronization
import TestPeer
import Testing

/// Deadlines, resets and lost connections: each cancels the handler's task, wherever it waits.
@Suite struct CancellationTests {
  private let entered = Gate()
  private let cancelled = Gate()
  private let message = grpcFrame([])

  @Test func aDeadlineEndsACallAndNamesTheStage() async throws {
    let slow = MethodHandler.unary(.test("Slow", .unary)) { [entered, cancelled] (_: Bytes, context) -> Bytes in
      context.enterStage("a query ran")
      entered.open()
      await untilCancelled()
      cancelled.open()
      throw CancellationError()
    }
    try await serving([slow, .park(entered: Gate(), cancelled: Gate())]) { server in
      let client = try await server.client()
      let reply = try await client.call(path("Slow"), Bytes(), metadata: [["grpc-timeout", "20m"]])
      #expect(reply.status == 4)
      #expect(reply.text == "the deadline passed while a query ran")
      try await cancelled.wait()
      #expect(try await client.call(path("Park"), Bytes(), metadata: [["grpc-timeout", "1n"]]).status == 4)
    }
  }

  @Test func aDeadlineHoldsWhileTheRequestIsAwaited() async throws {
    try await serving([.echo]) { server in
      let call = try await server.client().start(path("Echo"), metadata: [["grpc-timeout", "20m"]])
      let reply = try await call.finish()
      #expect(reply.status == 4)
      #expect(reply.text.contains("the request was received"))
    }
  }

  @Test func aDeadlineHoldsForStreamsInTheMiddle() async throws {
    try await serving([.chat]) { server in
      let call = try await server.client().start(path("Chat"), metadata: [["grpc-timeout", "300m"]])
      try await call.send(Bytes([1]))
      #expect(try await call.next(as: Bytes.self) == Bytes([1]))
      #expect(try await call.finish().status == 4)
    }
  }

  /// A handler that does not listen is answered for all the same, and its late answer goes nowhere.
  @Test func aDeadlineDoesNotWaitForTheHandler() async throws {
    let go = Gate()
    try await serving([.wait(entered: entered, go: go), .echo]) { server in
      let client = try await server.client()
      #expect(try await client.call(path("Wait"), Bytes(), metadata: [["grpc-timeout", "20m"]]).status == 4)
      go.open()
      #expect(try await client.call(path("Echo"), Bytes()).status == 0)
    }
  }

  @Test func theHandlerKnowsTheDeadline() async throws {
    let deadlines = Mutex<[Deadline?]>([])
    let look = MethodHandler.unary(.test("Look", .unary)) { (request: Bytes, context) in
      deadlines.withLock { $0.append(context.deadline) }
      return request
    }
    try await serving([look]) { server in
      let client = try await server.client()
      for timeout in [nil, "1H", "99999999H"] {
        _ = try await client.call(path("Look"), Bytes(), metadata: timeout.map { [["grpc-timeout", $0]] } ?? [])
      }
    }
    let seen = deadlines.withLock { $0 }
    #expect(seen.count == 3)
    #expect(seen[0] == nil)
    #expect(seen[1].map { $0.remaining > .seconds(3000) && $0.remaining <= .seconds(3600) } == true)
    #expect(seen[2]?.hasPassed == false)
  }

  @Test func aResetCancelsTheHandler() async throws {
    try await serving([.park(entered: entered, cancelled: cancelled), .echo]) { server in
      let peer = try await server.peer()
      try await peer.send(.headers(1, Peer.request(path("Park"))), .data(1, message, end: true))
      try await entered.wait()
      #expect(!cancelled.isOpen)
      try await peer.send(.reset(1, 8))
      try await cancelled.wait()
      // No answer comes, and the connection serves on.
      #expect(try await peer.sync().allSatisfy { $0.stream != 1 })
      try await peer.send(.headers(3, Peer.request(path("Echo"))), .data(3, message, end: true))
      #expect(try await peer.response(3).last?.field("grpc-status") == "0")
    }
  }

  /// The peer is gone: by a close, by an error of the protocol, or by its socket's end alone.
  @Test(arguments: ["close", "violation", "half-close"])
  func aLostConnectionCancelsTheHandler(how: String) async throws {
    try await serving([.park(entered: entered, cancelled: cancelled)]) { server in
      let peer = try await server.peer()
      try await peer.send(.headers(1, Peer.request(path("Park"))), .data(1, message, end: true))
      try await entered.wait()
      switch how {
      case "close": peer.close()
      case "violation": try await peer.send(Frame(.data, stream: 0, [1]))
      default: peer.closeSending()
      }
      try await cancelled.wait()
    }
  }

  /// Wherever a streaming handler waits, it is woken: with CancellationError, once.
  @Test(arguments: ["reading", "writing"])
  func aWaitingStreamIsWoken(place: String) async throws {
    let thrown = Mutex<(any Error)?>(nil)
    let stream = MethodHandler.bidirectionalStreaming(.test("Stream", .bidirectionalStreaming)) {
      [entered, cancelled] (requests: RequestStream<Bytes>, responses: ResponseWriter<Bytes>, _) in
      do {
        entered.open()
        if place == "reading" {
          for try await _ in requests {}
        } else {
          while true { try await responses.write(Bytes(bytes(10_000))) }
        }
      } catch {
        thrown.withLock { $0 = error }
        cancelled.open()
        throw error
      }
    }
    try await serving([stream]) { server in
      let peer = try await server.peer(streamWindow: 100)
      try await peer.send(.headers(1, Peer.request(path("Stream"))))
      try await entered.wait()
      _ = try await peer.sync()
      try await peer.send(.reset(1, 8))
      try await cancelled.wait()
      #expect(thrown.withLock { $0 } is CancellationError)
    }
  }

  /// A handler may read its requests in a child task, and give that up alone.
  @Test func aReaderThatIsCancelledByItsOwnTaskIsWoken() async throws {
    let race = MethodHandler.clientStreaming(.test("Race", .clientStreaming)) {
      (requests: RequestStream<Bytes>, _) -> Bytes in
      let reader = Task.immediate { for try await _ in requests {} }
      reader.cancel()
      let result = await reader.result
      if case .failure(let error) = result, error is CancellationError { return Bytes([1]) }
      return Bytes([2])
    }
    try await serving([race]) { server in
      let call = try await server.client().start(path("Race"))
      #expect(try await call.finish().message(as: Bytes.self) == Bytes([1]))
    }
  }

  /// Trap 1: cancelled calls count until their handlers have returned.
  @Test func handlersThatRunOnAreCounted() async throws {
    let go = Gate()
    let running = Atomic(0)
    let stubborn = MethodHandler.unary(.test("Stubborn", .unary)) { (request: Bytes, _) in
      running.add(1, ordering: .relaxed)
      await go.passed()
      running.subtract(1, ordering: .relaxed)
      return request
    }
    try await serving([stubborn, .echo]) {
      $0.maximumRunningHandlers = 5
    } _: { server in
      let peer = try await server.peer()
      for stream in stride(from: UInt32(1), to: 101, by: 2) {
        try await peer.send(.headers(stream, Peer.request(path("Stubborn"))), .data(stream, message, end: true))
        _ = try await peer.sync()
        try await peer.send(.reset(stream, 8))
      }
      _ = try await peer.sync()
      #expect(running.load(ordering: .relaxed) == 5)
      // A sixth is refused as long as they run, on this connection only.
      try await peer.send(.headers(201, Peer.request(path("Echo"))), .data(201, message, end: true))
      #expect(try await peer.response(201).last?.field("grpc-status") == "8")
      #expect(try await server.client().call(path("Echo"), Bytes()).status == 0)
      go.open()
      while running.load(ordering: .relaxed) > 0 { _ = try await peer.sync() }
      _ = try await peer.sync()
      try await peer.send(.headers(203, Peer.request(path("Echo"))), .data(203, message, end: true))
      #expect(try await peer.response(203).last?.field("grpc-status") == "0")
    }
  }

  /// Also where the handler left the loop for an actor with a thread of its own.
  @MainActor private static func echoOnMain(
    _ requests: RequestStream<Bytes>, _ responses: ResponseWriter<Bytes>
  ) async throws {
    for try await request in requests { try await responses.write(request) }
  }

  @Test func handlersMayRunOnAnActor() async throws {
    let main = MethodHandler.bidirectionalStreaming(.test("Main", .bidirectionalStreaming)) {
      (requests: RequestStream<Bytes>, responses: ResponseWriter<Bytes>, _) in
      try await Self.echoOnMain(requests, responses)
    }
    try await serving([main]) { server in
      let call = try await server.client().start(path("Main"))
      for number in 0..<20 {
        try await call.send(Bytes(bytes(number)))
        #expect(try await call.next(as: Bytes.self) == Bytes(bytes(number)))
      }
      try await call.end()
      #expect(try await call.finish().status == 0)
    }
  }

  /// HEADERS, request and reset in one segment: the handler must not be left waiting, whether or not it ran.
  @Test func aCallThatIsResetAtOnceLeavesNothingBehind() async throws {
    let count = Atomic(0)
    let park = MethodHandler.unary(.test("Park", .unary)) { (_: Bytes, _) -> Bytes in
      count.add(1, ordering: .relaxed)
      await untilCancelled()
      count.subtract(1, ordering: .relaxed)
      throw CancellationError()
    }
    try await serving([park, .echo]) { server in
      let peer = try await server.peer()
      for stream in stride(from: UInt32(1), to: 201, by: 2) {
        try await peer.send(
          .headers(stream, Peer.request(path("Park"))), .data(stream, message, end: true), .reset(stream, 8))
      }
      #expect(try await peer.sync().of(.goAway).isEmpty)
      while count.load(ordering: .relaxed) > 0 { _ = try await peer.sync() }
      try await peer.send(.headers(201, Peer.request(path("Echo"))), .data(201, message, end: true))
      #expect(try await peer.response(201).last?.field("grpc-status") == "0")
    }
  }
}
