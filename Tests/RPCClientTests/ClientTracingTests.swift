import InMemoryTracing
import ProtoWire
import RPCClient
import RPCCore
import RPCDiagnostics
import RPCServer
import Synchronization
import TestPeer
import Testing
import Tracing

/// https://github.com/grpc/proposal/blob/master/A72-open-telemetry-tracing.md
@Suite(.timeLimit(.minutes(2))) struct ClientTracingTests {
  @Test func aCallIsASpanAndEachAttemptOneBelowIt() async throws {
    let tracer = InMemoryTracer()
    let seen = Mutex<[String?]>([])
    let method = MethodHandler.unary(.test("Try", .unary)) { (request: Bytes, context) in
      let count = seen.withLock {
        $0.append(context.requestMetadata.text("in-memory-span-id"))
        return $0.count
      }
      if count < 2 { throw RPCError(.unavailable, "again") }
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
        $0.interceptors = [ClientTracing(tracer: tracer)]
      }
      _ = try await client.call("Try", bytes(10))
    }
    #expect(tracer.activeSpans.isEmpty)
    let spans = tracer.finishedSpans
    #expect(
      spans.map(\.operationName) == ["Attempt.test.Service.Try", "Attempt.test.Service.Try", "Sent.test.Service.Try"])
    let call = try #require(spans.last)
    #expect(call.kind == .client && call.status?.code == .ok)
    #expect(call.attributes.get("rpc.service") == .string("test.Service"))
    #expect(spans.prefix(2).allSatisfy { $0.parentSpanID == call.spanID && $0.kind == .client })
    #expect(spans.prefix(2).map { $0.attributes.get("previous-rpc-attempts") } == [.int64(0), .int64(1)])
    #expect(spans.prefix(2).map { $0.attributes.get("transparent-retry") } == [.bool(false), .bool(false)])
    #expect(spans.map { $0.attributes.get("rpc.grpc.status_code") } == [.int64(14), .int64(0), .int64(0)])
    // The server is told of the attempt that it serves.
    #expect(seen.withLock { $0 } == spans.prefix(2).map(\.spanID))
    #expect(spans[1].events.map(\.name) == ["Inbound message"])
    #expect(spans[0].events.map(\.name) == ["Outbound message"])
  }

  @Test func failedCallsAreFailedSpans() async throws {
    let tracer = InMemoryTracer()
    let fail = MethodHandler.unary(.test("Fail", .unary)) { (_: Bytes, _) -> Bytes in throw RPCError(.notFound, "") }
    try await serving([fail]) { server in
      let client = try server.client { $0.interceptors = [ClientTracing(tracer: tracer)] }
      #expect(await client.status(of: "Fail").code == .notFound)
    }
    let failed = SpanStatus(code: .error, message: "NOT_FOUND")
    #expect(tracer.finishedSpans.map(\.status) == [failed, failed])
  }

  /// A handler that calls another service hands on the trace that it was called in, with a tracer or without.
  @Test func theTraceOfAServedCallGoesOn() async throws {
    let seen = Mutex<[String?]>([])
    let inner = MethodHandler.unary(.test("Inner", .unary)) { (request: Bytes, context) in
      seen.withLock { $0.append(context.requestMetadata.text("traceparent")) }
      return request
    }
    try await serving([inner]) { innerServer in
      let inside = try innerServer.client { $0.interceptors = [ClientTracing(tracer: NoOpTracer())] }
      let outer = MethodHandler.unary(.test("Outer", .unary)) { (_: Bytes, _) in
        Bytes(try await inside.call("Inner"))
      }
      let server = try await TestServer.start([outer], interceptors: [ServerTracing(tracer: NoOpTracer())])
      var options = CallOptions()
      options.metadata = ["traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"]
      _ = try await server.client().call("Outer", [], options)
      _ = try await inside.call("Inner")
      try await server.stop()
    }
    let traces = seen.withLock { $0 }
    #expect(traces.count == 2 && traces[1] == nil)
    let parent = try #require(traces[0] ?? nil)
    #expect(parent.hasPrefix("00-4bf92f3577b34da6a3ce929d0e0e4736-") && parent.hasSuffix("-01"))
    #expect(!parent.contains("00f067aa0ba902b7"))
  }
}
