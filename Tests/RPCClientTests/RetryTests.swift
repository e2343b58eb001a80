import EventLoop
import ProtoWire
import RPCClient
import RPCCore
import RPCServer
import Synchronization
import TestPeer
import Testing

/// Calls that have failed and are tried again.
@Suite(.timeLimit(.minutes(2))) struct RetryTests {
  private func config(
    attempts: Int = 3, backoff: Duration = .milliseconds(1), throttling: RetryThrottling? = nil
  ) -> ServiceConfig {
    var method = ServiceConfig.Method()
    method.retry = RetryPolicy(
      maximumAttempts: attempts, initialBackoff: backoff, maximumBackoff: backoff, codes: [.unavailable])
    var config = ServiceConfig()
    config.methods = ["": method]
    config.retryThrottling = throttling
    return config
  }

  private final class Attempts: Sendable {
    let list = Mutex<[String?]>([])
    var count: Int { list.withLock { $0.count } }
  }

  @Test func failuresAreTriedAgainUntilOneSucceeds() async throws {
    let attempts = Attempts()
    let method = MethodHandler.unary(.test("Try", .unary)) { (request: Bytes, _) in
      let count = attempts.list.withLock {
        $0.append("\(request.value.count)")
        return $0.count
      }
      if count < 3 { throw RPCError(.unavailable, "attempt \(count)") }
      return Bytes([UInt8(count)])
    }
    try await serving([method]) { server in
      let client = try server.client { $0.serviceConfig = config() }
      let record = CallRecord()
      #expect(try await client.call("Try", bytes(50_000), .with { $0.record = record }) == [3])
      #expect(record.attempts == 3 && attempts.list.withLock { $0 } == ["50000", "50000", "50000"])
    }
  }

  @Test func theLastFailureIsTheCallers() async throws {
    let attempts = Attempts()
    let method = MethodHandler.unary(.test("Try", .unary)) { (_: Bytes, context) -> Bytes in
      let count = attempts.list.withLock {
        $0.append(nil)
        return $0.count
      }
      throw RPCError(count == 2 ? .aborted : .unavailable, "attempt \(count)")
    }
    try await serving([method]) { server in
      let client = try server.client { $0.serviceConfig = config() }
      // ABORTED is not retried.
      #expect(await client.status(of: "Try").message == "attempt 2")
      #expect(await client.status(of: "Try").message == "attempt 5")
      #expect(attempts.count == 5)
    }
  }

  @Test func withoutAPolicyNothingIsTriedAgain() async throws {
    let attempts = Attempts()
    let method = MethodHandler.unary(.test("Try", .unary)) { (_: Bytes, _) -> Bytes in
      attempts.list.withLock { $0.append(nil) }
      throw RPCError(.unavailable, "no")
    }
    try await serving([method]) { server in
      let client = try server.client()
      #expect(await client.status(of: "Try").code == .unavailable)
      #expect(attempts.count == 1)
    }
  }

  /// Streams too, while no response has come; what was written is written again.
  @Test func streamsAreTriedAgain() async throws {
    let attempts = Attempts()
    let sum = MethodHandler.clientStreaming(.test("Sum", .clientStreaming)) { (requests: RequestStream<Number>, _) in
      var sum: Int64 = 0
      for try await request in requests { sum += request.value }
      let count = attempts.list.withLock {
        $0.append("\(sum)")
        return $0.count
      }
      if count == 1 { throw RPCError(.unavailable, "again") }
      return Number(sum)
    }
    let count = MethodHandler.serverStreaming(.test("Count", .serverStreaming)) {
      (_: Number, responses: ResponseWriter<Number>, _) in
      try await responses.write(Number(1))
      attempts.list.withLock { $0.append(nil) }
      throw RPCError(.unavailable, "too late to try again")
    }
    try await serving([sum, count]) { server in
      let client = try server.client { $0.serviceConfig = config() }
      let upload = client.sum()
      for number in 1...10 { try await upload.requests.write(Number(Int64(number))) }
      #expect(try await upload.response() == Number(55))
      #expect(attempts.list.withLock { $0 } == ["55", "55"])
      var seen: [Int64] = []
      let error = await #expect(throws: RPCError.self) {
        for try await number in client.count(1) { seen.append(number.value) }
      }
      #expect(seen == [1] && error?.code == .unavailable && attempts.count == 3)
    }
  }

  @Test func moreThanIsKeptIsNotTriedAgain() async throws {
    let attempts = Attempts()
    let method = MethodHandler.unary(.test("Try", .unary)) { (_: Bytes, _) -> Bytes in
      attempts.list.withLock { $0.append(nil) }
      throw RPCError(.unavailable, "no")
    }
    try await serving([method]) { server in
      let client = try server.client {
        $0.serviceConfig = config()
        $0.replayLimit = 1000
      }
      #expect(await client.status(of: "Try", bytes(2000)).code == .unavailable)
      #expect(attempts.count == 1)
    }
  }

  @Test func theServerMayNameTheTimeOrForbidIt() async throws {
    let server = try await ScriptedServer()
    let client = try server.client { $0.serviceConfig = config(backoff: .seconds(1000)) }
    func refusal(_ stream: UInt32, _ pushback: String) -> Frame {
      Frame.headers(
        stream, Peer.head + [["grpc-status", "14"], ["grpc-retry-pushback-ms", pushback]], end: true)
    }
    try await TestLoop.run {
      async let answer = client.call("Try")
      let peer = try await server.open()
      try await peer.send(refusal(peer.request().stream, "1"))
      let second = try await peer.request()
      #expect(second.field("grpc-previous-rpc-attempts") == "1")
      try await peer.answer(second.stream, Bytes([1]))
      #expect(try await answer == [1])
      async let forbidden = client.status(of: "Try")
      try await peer.send(refusal(peer.request().stream, "-1"))
      #expect(await forbidden.code == .unavailable)
      peer.close()
    }
  }

  @Test func aLostConnectionAndAnHTTPStatusAreTriedAgain() async throws {
    let server = try await ScriptedServer()
    let client = try server.client { $0.serviceConfig = config(attempts: 5) }
    try await TestLoop.run {
      async let answer = client.call("Try")
      let first = try await server.open()
      _ = try await first.request()
      first.close()
      let peer = try await server.open()
      let stream = try await peer.request().stream
      try await peer.send(Frame.headers(stream, [[":status", "503"]], end: true))
      let third = try await peer.request()
      try await peer.answer(third.stream, Bytes([3]))
      #expect(try await answer == [3])
      peer.close()
    }
  }

  @Test func theDeadlineIsThatOfTheWholeCall() async throws {
    let method = MethodHandler.unary(.test("Try", .unary)) { (_: Bytes, _) -> Bytes in
      throw RPCError(.unavailable, "no")
    }
    try await serving([method]) { server in
      let client = try server.client { $0.serviceConfig = config(backoff: .seconds(1000)) }
      let error = await client.status(of: "Try", [], .timeout(.milliseconds(200)))
      #expect(error.code == .deadlineExceeded)
    }
  }

  @Test func aCallThatWaitsForItsNextAttemptCanBeCancelled() async throws {
    let failed = Gate()
    let method = MethodHandler.unary(.test("Try", .unary)) { (_: Bytes, _) -> Bytes in
      failed.open()
      throw RPCError(.unavailable, "no")
    }
    try await serving([method]) { server in
      let client = try server.client { $0.serviceConfig = config(backoff: .seconds(1000)) }
      let task = Task { await client.status(of: "Try").code }
      try await failed.wait()
      task.cancel()
      #expect(await task.value == .cancelled)
    }
  }

  @Test func tokensEndRetries() async throws {
    let attempts = Attempts()
    let method = MethodHandler.unary(.test("Try", .unary)) { (_: Bytes, _) -> Bytes in
      attempts.list.withLock { $0.append(nil) }
      throw RPCError(.unavailable, "no")
    }
    try await serving([method]) { server in
      let throttling = RetryThrottling(maximumTokens: 4, tokenRatio: 0.1)
      let client = try server.client { $0.serviceConfig = config(throttling: throttling) }
      #expect(await client.status(of: "Try").code == .unavailable)
      #expect(attempts.count == 2)
      #expect(await client.status(of: "Try").code == .unavailable)
      #expect(attempts.count == 3)
    }
  }

  /// Replicas that restart one after the other, under constant load: no call fails.
  @Test func aRollingRestartCostsNoCall() async throws {
    var servers = try await (0..<3).asyncMap { _ in try await TestServer.start([.echo]) }
    let addresses = servers.map(\.address)
    let client = TestClient(
      try Channel(
        .addresses(addresses),
        configuration: .with {
          $0.balancing = .roundRobin
          $0.backoff.initial = .milliseconds(5)
          $0.backoff.maximum = .milliseconds(20)
          $0.serviceConfig = config(attempts: 5, backoff: .milliseconds(20))
        }))
    let isOver = Mutex(false)
    let load = (0..<4).map { _ in
      Task { @Sendable in
        var count = 0
        while !isOver.withLock({ $0 }) {
          let answer = try await client.echo([1])
          #expect(answer == [1])
          count += 1
        }
        return count
      }
    }
    for index in 0..<3 {
      try await servers[index].stop(grace: .seconds(10))
      servers[index] = try await TestServer.start([.echo], on: addresses[index])
      for _ in 0..<20 { _ = try await client.echo([1]) }
    }
    isOver.withLock { $0 = true }
    for task in load { #expect(try await task.value > 0) }
    for server in servers { try await server.stop() }
  }
}
