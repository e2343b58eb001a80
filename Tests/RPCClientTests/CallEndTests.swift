import EventLoop
import ProtoWire
import RPCClient
import RPCCore
import RPCServer
import Synchronization
import TestPeer
import Testing

/// How calls end: deadlines, cancellation, streams that are left, and what handlers hand on.
@Suite(.timeLimit(.minutes(2))) struct CallEndTests {
  @Test func theDeadlineEndsBothEnds() async throws {
    let (entered, cancelled) = (Gate(), Gate())
    try await serving([.park(entered: entered, cancelled: cancelled)]) { server in
      let client = try server.client()
      var timeout = Duration.milliseconds(20)
      repeat {
        #expect(await client.status(of: "Park", [], .timeout(timeout)).code == .deadlineExceeded)
        timeout *= 2
      } while !entered.isOpen
      try await cancelled.wait()
    }
  }

  /// The server is told the time, and keeps to it also where nobody resets the stream.
  @Test func theDeadlineIsSent() async throws {
    let left = Mutex<Duration?>(nil)
    let method = MethodHandler.unary(.test("Look", .unary)) { (request: Bytes, context) in
      left.withLock { $0 = context.deadline?.remaining }
      return request
    }
    try await serving([method]) { server in
      _ = try await server.client().call("Look", [], .timeout(.seconds(100)))
      let seen = left.withLock { $0 }
      #expect(seen.map { $0 > .seconds(50) && $0 <= .seconds(100) } == true)
      _ = try await server.client().call("Look")
      #expect(left.withLock { $0 } == nil)
      _ = try await server.client { $0.timeout = .seconds(20) }.call("Look")
      #expect(left.withLock { $0 }.map { $0 <= .seconds(20) } == true)
    }
  }

  @Test func aDeadlineThatHasPassedCallsNobody() async throws {
    let calls = Mutex(0)
    let method = MethodHandler.unary(.test("Look", .unary)) { (request: Bytes, _) in
      calls.withLock { $0 += 1 }
      return request
    }
    try await serving([method]) { server in
      let error = try await server.client().status(of: "Look", [], .timeout(.seconds(-1)))
      #expect(error.code == .deadlineExceeded && calls.withLock { $0 } == 0)
    }
  }

  @Test func cancellingTheTaskCancelsTheCall() async throws {
    let (entered, cancelled) = (Gate(), Gate())
    try await serving([.park(entered: entered, cancelled: cancelled)]) { server in
      let client = try server.client()
      let task = Task { await client.status(of: "Park").code }
      try await entered.wait()
      task.cancel()
      #expect(await task.value == .cancelled)
      try await cancelled.wait()
    }
  }

  @Test func aTaskThatIsCancelledAlreadyGetsNoAnswer() async throws {
    try await serving([.echo]) { server in
      let client = try server.client()
      let task = Task {
        withUnsafeCurrentTask { $0?.cancel() }
        return await client.status(of: "Echo").code
      }
      #expect(await task.value == .cancelled)
      #expect(try await client.echo([1]) == [1])
    }
  }

  @Test func aStreamThatIsLeftCancelsItsHandler() async throws {
    let cancelled = Gate()
    let endless = MethodHandler.serverStreaming(.test("Count", .serverStreaming)) {
      (_: Number, responses: ResponseWriter<Number>, _) in
      do {
        while true { try await responses.write(Number(1)) }
      } catch {
        cancelled.open()
        throw error
      }
    }
    try await serving([endless]) { server in
      let client = try server.client()
      for try await _ in client.count(0) { break }
      try await cancelled.wait()
    }
  }

  /// A server that writes without end is held up by a reader that reads nothing.
  @Test func aSlowReaderHoldsUpTheServer() async throws {
    let written = Mutex(0)
    let endless = MethodHandler.bidirectionalStreaming(.test("Chat", .bidirectionalStreaming)) {
      (_: RequestStream<Bytes>, responses: ResponseWriter<Bytes>, _) in
      let block = Bytes(bytes(10_000))
      while true {
        try await responses.write(block)
        written.withLock { $0 += 1 }
      }
    }
    try await serving([endless, .echo]) { server in
      let client = try server.client {
        $0.streamWindow = 65_535
      }
      let chat = client.chat()
      let answers = chat.responses.makeAsyncIterator()
      _ = try await answers.next()
      // As long as the server writes: what it writes is bounded by windows and buffers, not by time.
      var before = -1
      while before != written.withLock({ $0 }) {
        before = written.withLock { $0 }
        for _ in 0..<20 { _ = try await client.echo([1]) }
      }
      #expect(before < 100)
      for _ in 0..<300 { #expect(try await answers.next()?.value.count == 10_000) }
      #expect(written.withLock { $0 } >= 300)
    }
  }

  /// A client that writes without end is held up by a handler that reads nothing.
  @Test func aSlowServerHoldsUpTheWriter() async throws {
    let go = Gate()
    let method = MethodHandler.clientStreaming(.test("Sum", .clientStreaming)) { (requests: RequestStream<Bytes>, _) in
      await go.passed()
      var count: Int64 = 0
      for try await _ in requests { count += 1 }
      return Number(count)
    }
    try await serving([method, .echo]) { server in
      let client = try server.client()
      let upload: ClientStreamingCall<Bytes, Number> = client.channel.clientStreaming(
        .test("Sum", .clientStreaming), CallOptions())
      let written = Mutex<Int64>(0)
      let task = Task {
        for _ in 0..<300 {
          try await upload.requests.write(Bytes(bytes(10_000)))
          written.withLock { $0 += 1 }
        }
        return try await upload.response().value
      }
      var before: Int64 = -1
      while before != written.withLock({ $0 }) {
        before = written.withLock { $0 }
        for _ in 0..<20 { _ = try await client.echo([1]) }
      }
      #expect(before < 150)
      go.open()
      #expect(try await task.value == 300)
    }
  }

  /// The server answers without waiting for all requests.
  @Test func theAnswerMayComeBeforeTheLastRequest() async throws {
    let early = MethodHandler.clientStreaming(.test("Sum", .clientStreaming)) { (requests: RequestStream<Number>, _) in
      for try await request in requests { return request }
      return Number(0)
    }
    let refusal = MethodHandler.clientStreaming(.test("Refuse", .clientStreaming)) {
      (_: RequestStream<Number>, _) -> Number in throw RPCError(.permissionDenied, "no")
    }
    try await serving([early, refusal]) { server in
      let client = try server.client()
      let upload = client.sum()
      while try await upload.requests.write(Number(5)) {}
      #expect(try await upload.response() == Number(5))
      let refused: ClientStreamingCall<Number, Number> = client.channel.clientStreaming(
        .test("Refuse", .clientStreaming), CallOptions())
      let error = await #expect(throws: RPCError.self) { while try await refused.requests.write(Number(5)) {} }
      #expect(error?.code == .permissionDenied)
    }
  }

  // MARK: Handed on

  @Test func aHandlersCallsShareItsDeadlineAndItsEnd() async throws {
    let (entered, cancelled) = (Gate(), Gate())
    let left = Mutex<Duration?>(nil)
    let inner = MethodHandler.unary(.test("Park", .unary)) { (_: Bytes, context) -> Bytes in
      left.withLock { $0 = context.deadline?.remaining }
      entered.open()
      await untilCancelled()
      cancelled.open()
      throw CancellationError()
    }
    try await serving([inner]) { back in
      let client = try back.client()
      let outer = MethodHandler.unary(.test("Outer", .unary)) { (_: Bytes, _) in
        Bytes(try await client.call("Park", [], .timeout(.seconds(1000))))
      }
      try await serving([outer]) { front in
        let caller = try front.client()
        let task = Task { await caller.status(of: "Outer", [], .timeout(.seconds(30))).code }
        try await entered.wait()
        #expect(left.withLock { $0 }.map { $0 <= .seconds(30) } == true)
        task.cancel()
        #expect(await task.value == .cancelled)
        try await cancelled.wait()
      }
    }
  }

  /// A handler that calls another service stays on its loop.
  @Test func aHandlersCallsRunOnItsLoop() async throws {
    try await serving([.echo], loops: 2) { back in
      let channel = try Channel(back.target)
      let client = TestClient(channel)
      let outer = MethodHandler.unary(.test("Outer", .unary)) { (_: Bytes, _) in
        let loop = EventLoop.current
        _ = try await client.echo([1])
        return Bytes([EventLoop.current === loop && loop != nil ? 1 : 0])
      }
      try await serving([outer], loops: 2) { front in
        for _ in 0..<4 {
          let answer = try await front.client().call("Outer")
          #expect(answer == [1])
        }
        // One part for each of the loops that have called, and none for others.
        let states = await channel.connectivity()
        #expect((1...2).contains(states.count) && states.allSatisfy { $0 == .ready })
      }
    }
  }

  @Test func credentialsAreSentOnlyWhereNobodyListens() async throws {
    struct Token: CallCredentials {
      let requireSecurity: Bool
      func metadata(for method: MethodDescriptor) throws(RPCError) -> Metadata {
        if method.name == "Echo" { throw RPCError(.unauthenticated, "no token") }
        return ["authorization": "Bearer x"]
      }
    }
    let method = MethodHandler.unary(.test("Look", .unary)) { (_: Bytes, context) in
      Bytes(Array((context.requestMetadata.text("authorization") ?? "").utf8))
    }
    try await serving([method, .echo]) { server in
      let client = try server.client()
      let open = CallOptions.with { $0.credentials = Token(requireSecurity: false) }
      #expect(try await client.call("Look", [], open) == Array("Bearer x".utf8))
      #expect(await client.status(of: "Echo", [], open).message == "no token")
      let closed = CallOptions.with { $0.credentials = Token(requireSecurity: true) }
      #expect(await client.status(of: "Look", [], closed).code == .unauthenticated)
    }
  }
}
