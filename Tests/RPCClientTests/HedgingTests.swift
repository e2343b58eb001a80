import EventLoop
import ProtoWire
import RPCClient
import RPCCore
import RPCServer
import Synchronization
import TestPeer
import Testing

/// Calls that are sent several times, and take the first answer.
@Suite(.timeLimit(.minutes(2))) struct HedgingTests {
  private func config(
    attempts: Int = 3, delay: Duration = .milliseconds(20), throttling: RetryThrottling? = nil
  ) -> ServiceConfig {
    var method = ServiceConfig.Method()
    method.hedging = HedgingPolicy(maximumAttempts: attempts, delay: delay, nonFatalCodes: [.unavailable])
    var config = ServiceConfig()
    config.methods = ["": method]
    config.retryThrottling = throttling
    return config
  }

  /// What a server saw of the attempts.
  private final class Attempts: Sendable {
    let previous = Mutex<[String?]>([])
    let cancelled = Mutex(0)

    var count: Int { previous.withLock { $0.count } }

    func noted(_ context: ServerContext) -> Int {
      previous.withLock {
        $0.append(context.requestMetadata.text("x-count"))
        return $0.count
      }
    }

    /// Waits until so many handlers have been cancelled.
    func untilCancelled(_ count: Int) async throws {
      while cancelled.withLock({ $0 }) < count { try await Task.sleep(for: .milliseconds(1)) }
    }

    /// Does not answer.
    func park() async throws -> Never {
      await TestPeer.untilCancelled()
      cancelled.withLock { $0 += 1 }
      throw CancellationError()
    }
  }

  /// Attempts before the `good`-th get no answer.
  private func slow(_ attempts: Attempts, good: Int) -> MethodHandler {
    .unary(.test("Try", .unary)) { (request: Bytes, context) in
      let number = attempts.noted(context)
      if number < good { try await attempts.park() }
      return Bytes([UInt8(number)] + request.value)
    }
  }

  @Test func theFirstAnswerCounts() async throws {
    let attempts = Attempts()
    try await serving([slow(attempts, good: 2)]) { server in
      let client = try server.client { $0.serviceConfig = config(attempts: 2) }
      let record = CallRecord()
      let options = CallOptions.with { $0.record = record }
      #expect(try await client.call("Try", bytes(1000), options) == [2] + bytes(1000))
      // The server is told that nobody waits for the first one.
      try await attempts.untilCancelled(1)
      #expect(record.attempts == 2 && record.status == .ok && record.trailingMetadata != nil)
    }
  }

  @Test func noMoreAttemptsThanAllowedAreMade() async throws {
    let attempts = Attempts()
    try await serving([slow(attempts, good: 100)]) { server in
      let client = try server.client { $0.serviceConfig = config(attempts: 3, delay: .milliseconds(1)) }
      let error = await client.status(of: "Try", [], .timeout(.milliseconds(300)))
      #expect(error.code == .deadlineExceeded && attempts.count == 3)
      try await attempts.untilCancelled(3)
    }
  }

  @Test func anAttemptThatFailsIsReplacedAtOnce() async throws {
    let attempts = Attempts()
    let method = MethodHandler.unary(.test("Try", .unary)) { (request: Bytes, context) in
      let number = attempts.noted(context)
      if number < 3 { throw RPCError(.unavailable, "attempt \(number)") }
      return Bytes([UInt8(number)])
    }
    try await serving([method]) { server in
      // With this delay the test would end by its time limit.
      let client = try server.client { $0.serviceConfig = config(delay: .seconds(3600)) }
      #expect(try await client.call("Try") == [3])
    }
  }

  @Test func theLastFailureIsTheCallers() async throws {
    let attempts = Attempts()
    let method = MethodHandler.unary(.test("Try", .unary)) { (_: Bytes, context) -> Bytes in
      throw RPCError(.unavailable, "attempt \(attempts.noted(context))")
    }
    try await serving([method]) { server in
      let client = try server.client { $0.serviceConfig = config() }
      #expect(await client.status(of: "Try").message == "attempt 3")
    }
  }

  @Test func aFatalFailureEndsTheCall() async throws {
    let attempts = Attempts()
    let method = MethodHandler.unary(.test("Try", .unary)) { (_: Bytes, context) -> Bytes in
      if attempts.noted(context) == 1 { try await attempts.park() }
      throw RPCError(.notFound, "not here")
    }
    try await serving([method]) { server in
      let client = try server.client { $0.serviceConfig = config(attempts: 2) }
      #expect(await client.status(of: "Try").code == .notFound)
      try await attempts.untilCancelled(1)
      #expect(attempts.count == 2)
    }
  }

  @Test func aChannelWithoutTokensMakesNoFurtherAttempts() async throws {
    let attempts = Attempts()
    let method = MethodHandler.unary(.test("Try", .unary)) { (_: Bytes, context) -> Bytes in
      _ = attempts.noted(context)
      throw RPCError(.unavailable, "no more", metadata: ["x-reason": "overload"])
    }
    try await serving([method]) { server in
      // Two tokens: the first failure leaves one, which is half.
      let throttling = RetryThrottling(maximumTokens: 2, tokenRatio: 0.001)
      let client = try server.client { $0.serviceConfig = config(delay: .seconds(3600), throttling: throttling) }
      let error = await client.status(of: "Try")
      #expect(error.code == .unavailable && error.metadata.text("x-reason") == "overload" && attempts.count == 1)
    }
  }

  @Test func streamsOfRequestsGoToEveryAttempt() async throws {
    let attempts = Attempts()
    let sum = MethodHandler.clientStreaming(.test("Sum", .clientStreaming)) {
      (requests: RequestStream<Number>, context) in
      let number = attempts.noted(context)
      var sum: Int64 = 0
      for try await request in requests { sum += request.value }
      if number == 1 { try await attempts.park() }
      return Number(sum)
    }
    try await serving([sum]) { server in
      let client = try server.client { $0.serviceConfig = config(attempts: 2) }
      let call = client.sum()
      for number in 1...10 { try await call.requests.write(Number(Int64(number))) }
      #expect(try await call.response().value == 55)
      #expect(attempts.count == 2)
    }
  }

  @Test func aStreamOfResponsesComesFromOneAttempt() async throws {
    try await serving([.count]) { server in
      let client = try server.client { $0.serviceConfig = config(delay: .zero) }
      var numbers: [Int64] = []
      for try await number in client.count(100) { numbers.append(number.value) }
      #expect(numbers == Array(1...100))
    }
  }

  @Test func aCallWithTooMuchToKeepIsSentOnce() async throws {
    let attempts = Attempts()
    try await serving([slow(attempts, good: 1)]) { server in
      let client = try server.client {
        $0.serviceConfig = config(delay: .seconds(3600))
        $0.replayLimit = 1000
      }
      #expect(try await client.call("Try", bytes(5000)).count == 5001)
      #expect(attempts.count == 1)
    }
  }

  @Test func aCallerWhoLeavesCancelsAllAttempts() async throws {
    let attempts = Attempts()
    try await serving([slow(attempts, good: 100)]) { server in
      let client = try server.client { $0.serviceConfig = config(delay: .milliseconds(1)) }
      let task = Task { await client.status(of: "Try").code }
      while attempts.count < 3 { try await Task.sleep(for: .milliseconds(1)) }
      task.cancel()
      #expect(await task.value == .cancelled)
      try await attempts.untilCancelled(3)
    }
  }

  @Test func observersHearOfOneCallAndEachAttempt() async throws {
    final class Ears: CallObserver, ClientInterceptor {
      let notes = Mutex<[String]>([])
      func callStarted(_ method: MethodDescriptor, _ options: inout CallOptions) -> (any CallObserver)? { self }
      func note(_ text: String) { notes.withLock { $0.append(text) } }
      func sent(_ message: MessageInfo) { note("sent") }
      func received(_ message: MessageInfo) { note("received") }
      func attemptStarted(_ attempt: CallAttempt) -> Metadata {
        note("attempt \(attempt.number) after \(attempt.previousAttempts)")
        return [:]
      }
      func attemptEnded(_ summary: AttemptSummary) { note("attempt \(summary.attempt.number): \(summary.status)") }
      func ended(_ summary: CallSummary) { note("\(summary.status) \(summary.sent.count) \(summary.received.count)") }
    }
    let attempts = Attempts()
    let ears = Ears()
    try await serving([slow(attempts, good: 2)]) { server in
      let client = try server.client {
        $0.serviceConfig = config(attempts: 2)
        $0.interceptors = [ears]
      }
      _ = try await client.call("Try")
    }
    let notes = ears.notes.withLock { $0 }
    #expect(Set(notes.prefix(2)) == ["sent", "attempt 0 after 0"] && notes.dropFirst(2).first == "attempt 1 after 1")
    #expect(notes.contains("attempt 0: CANCELLED") && notes.contains("attempt 1: OK"))
    #expect(notes.filter { $0 == "received" }.count == 1 && notes.last == "OK 1 1")
  }

  @Test func nobodyListens() async throws {
    try await TestLoop.run {
      let channel = try Channel("ipv4:127.0.0.1:1", configuration: .with { $0.serviceConfig = config() })
      #expect(await TestClient(channel).status(of: "Try").code == .unavailable)
    }
  }
}
