import CoreMetrics
import MetricsTestKit
import ProtoWire
import RPCCore
import RPCDiagnostics
import RPCServer
import TestPeer
import Testing

/// https://github.com/grpc/proposal/blob/master/A66-otel-stats.md#server-instruments
@Suite struct ServerMetricsTests {
  @Test func callsAreCountedByMethodAndStatus() async throws {
    let metrics = TestMetrics()
    let fail = MethodHandler.unary(.test("Fail", .unary)) { (_: Bytes, _) -> Bytes in throw RPCError(.notFound, "") }
    try await serving([.echo, fail], interceptors: [ServerMetrics(factory: metrics)]) { server in
      let client = try await server.client()
      for length in [100, 10] { #expect(try await client.call(path("Echo"), Bytes(bytes(length))).status == 0) }
      #expect(try await client.call(path("Fail"), Bytes(bytes(50))).status == 5)
      for name in ["a", "b"] { #expect(try await client.call("/made.up/\(name)", Bytes()).status == 12) }
    }
    let echo = ("grpc.method", "test.Service/Echo"), fails = ("grpc.method", "test.Service/Fail")
    let other = ("grpc.method", "other")
    func ended(_ method: (String, String), _ status: String) -> [(String, String)] {
      [method, ("grpc.status", status)]
    }

    for (method, count) in [(echo, 2), (fails, 1), (other, 2)] {
      #expect(try metrics.expectCounter("grpc.server.call.started", [method]).totalValue == Int64(count))
    }
    let duration = try metrics.expectTimer("grpc.server.call.duration", ended(echo, "OK"))
    #expect(duration.values.count == 2 && duration.values.allSatisfy { $0 > 0 })
    #expect(try metrics.expectTimer("grpc.server.call.duration", ended(other, "UNIMPLEMENTED")).values.count == 2)
    let sent = "grpc.server.call.sent_total_compressed_message_size"
    let received = "grpc.server.call.rcvd_total_compressed_message_size"
    #expect(try metrics.expectRecorder(sent, ended(echo, "OK")).values == [102, 12])
    #expect(try metrics.expectRecorder(received, ended(echo, "OK")).values == [102, 12])
    #expect(try metrics.expectRecorder(sent, ended(fails, "NOT_FOUND")).values == [0])
    #expect(try metrics.expectRecorder(received, ended(fails, "NOT_FOUND")).values == [52])
    #expect(metrics.timers(label: "grpc.server.call.duration").count == 3)
  }
}
