import CoreMetrics
import MetricsTestKit
import ProtoWire
import RPCClient
import RPCCore
import RPCDiagnostics
import RPCServer
import Synchronization
import TestPeer
import Testing

/// https://github.com/grpc/proposal/blob/master/A66-otel-stats.md#client-per-attempt-instruments
@Suite(.timeLimit(.minutes(2))) struct ClientMetricsTests {
  private let sent = "grpc.client.attempt.sent_total_compressed_message_size"
  private let received = "grpc.client.attempt.rcvd_total_compressed_message_size"

  private func labels(_ method: String, _ status: String? = nil) -> [(String, String)] {
    [("grpc.method", "test.Service/\(method)"), ("grpc.target", "dns:///test")]
      + (status.map { [("grpc.status", $0)] } ?? [])
  }

  @Test func callsAreCountedByMethodTargetAndStatus() async throws {
    let metrics = TestMetrics()
    let fail = MethodHandler.unary(.test("Fail", .unary)) { (_: Bytes, _) -> Bytes in throw RPCError(.notFound, "") }
    try await serving([.echo, .count, fail]) { server in
      let client = try server.client { $0.interceptors = [ClientMetrics(target: "dns:///test", factory: metrics)] }
      for length in [100, 10] { _ = try await client.echo(bytes(length)) }
      #expect(await client.status(of: "Fail", bytes(50)).code == .notFound)
      var numbers: [Int64] = []
      for try await number in client.count(3) { numbers.append(number.value) }
      #expect(numbers == [1, 2, 3])
    }
    #expect(try metrics.expectCounter("grpc.client.attempt.started", labels("Echo")).totalValue == 2)
    #expect(try metrics.expectCounter("grpc.client.attempt.started", labels("Fail")).totalValue == 1)
    for name in ["grpc.client.attempt.duration", "grpc.client.call.duration"] {
      let durations = try metrics.expectTimer(name, labels("Echo", "OK")).values
      #expect(durations.count == 2 && durations.allSatisfy { $0 > 0 })
      #expect(try metrics.expectTimer(name, labels("Fail", "NOT_FOUND")).values.count == 1)
    }
    #expect(try metrics.expectRecorder(sent, labels("Echo", "OK")).values == [102, 12])
    #expect(try metrics.expectRecorder(received, labels("Echo", "OK")).values == [102, 12])
    #expect(try metrics.expectRecorder(sent, labels("Fail", "NOT_FOUND")).values == [52])
    #expect(try metrics.expectRecorder(received, labels("Fail", "NOT_FOUND")).values == [0])
    #expect(try metrics.expectRecorder(received, labels("Count", "OK")).values == [6])
  }

  @Test func eachAttemptCounts() async throws {
    let metrics = TestMetrics()
    let attempts = Mutex(0)
    let method = MethodHandler.unary(.test("Try", .unary)) { (request: Bytes, _) in
      let count = attempts.withLock {
        $0 += 1
        return $0
      }
      if count < 3 { throw RPCError(.unavailable, "attempt \(count)") }
      return request
    }
    var policy = ServiceConfig.Method()
    policy.retry = RetryPolicy(
      maximumAttempts: 3, initialBackoff: .milliseconds(1), maximumBackoff: .milliseconds(1), codes: [.unavailable])
    var config = ServiceConfig()
    config.methods = ["": policy]
    try await serving([method]) { server in
      let client = try server.client {
        $0.serviceConfig = config
        $0.interceptors = [ClientMetrics(target: "dns:///test", factory: metrics)]
      }
      #expect(try await client.call("Try", bytes(8)) == bytes(8))
    }
    #expect(try metrics.expectCounter("grpc.client.attempt.started", labels("Try")).totalValue == 3)
    #expect(try metrics.expectTimer("grpc.client.attempt.duration", labels("Try", "UNAVAILABLE")).values.count == 2)
    #expect(try metrics.expectTimer("grpc.client.attempt.duration", labels("Try", "OK")).values.count == 1)
    #expect(try metrics.expectTimer("grpc.client.call.duration", labels("Try", "OK")).values.count == 1)
    #expect(try metrics.expectRecorder(sent, labels("Try", "UNAVAILABLE")).values == [10, 10])
    #expect(try metrics.expectRecorder(sent, labels("Try", "OK")).values == [10])
  }

  @Test func aCallThatReachesNoServerIsAnAttemptThatSentNothing() async throws {
    let metrics = TestMetrics()
    try await TestLoop.run {
      let channel = try Channel(
        "ipv4:127.0.0.1:1",
        configuration: .with { $0.interceptors = [ClientMetrics(target: "dns:///test", factory: metrics)] })
      #expect(await TestClient(channel).status(of: "Echo", bytes(9)).code == .unavailable)
    }
    #expect(try metrics.expectCounter("grpc.client.attempt.started", labels("Echo")).totalValue == 1)
    #expect(try metrics.expectRecorder(sent, labels("Echo", "UNAVAILABLE")).values == [0])
  }
}
