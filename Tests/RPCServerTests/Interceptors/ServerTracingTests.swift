import InMemoryTracing
import Logging
import Primitives
import ProtoWire
import RPCCore
@testable import RPCDiagnostics
import RPCServer
import Synchronization
import TestPeer
import Testing
import Tracing

/// https://github.com/grpc/proposal/blob/master/A72-open-telemetry-tracing.md
@Suite struct ServerTracingTests {
  private let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

  @Test func aCallIsASpanWithItsMessages() async throws {
    let tracer = InMemoryTracer()
    try await serving([.chat], interceptors: [ServerTracing(tracer: tracer)]) { server in
      let call = try await server.client().start(path("Chat"))
      try await call.send(Bytes(bytes(10)))
      try await call.send(Bytes(bytes(20)), end: true)
      #expect(try await call.finish().status == 0)
    }
    let span = try #require(tracer.finishedSpans.first)
    #expect(tracer.finishedSpans.count == 1 && tracer.activeSpans.isEmpty)
    #expect(span.operationName == "Recv.test.Service.Chat")
    #expect(span.kind == .server)
    #expect(span.status?.code == .ok)
    #expect(span.attributes.get("rpc.system") == .string("grpc"))
    #expect(span.attributes.get("rpc.service") == .string("test.Service"))
    #expect(span.attributes.get("rpc.method") == .string("Chat"))
    #expect(span.attributes.get("rpc.grpc.status_code") == .int64(0))
    for (direction, sizes) in [("Inbound message", [12, 22]), ("Outbound message", [12, 22])] {
      let events = span.events.filter { $0.name == direction }
      #expect(events.map { $0.attributes.get("sequence-number") } == [.int64(0), .int64(1)])
      #expect(events.map { $0.attributes.get("message-size") } == sizes.map { .int64(Int64($0)) })
      #expect(events.allSatisfy { $0.attributes.get("message-size-compressed") == nil })
    }
  }

  @Test func failedCallsAreFailedSpans() async throws {
    let tracer = InMemoryTracer()
    let fail = MethodHandler.unary(.test("Fail", .unary)) { (_: Bytes, _) -> Bytes in throw RPCError(.notFound, "") }
    try await serving([fail], interceptors: [ServerTracing(tracer: tracer)]) { server in
      let client = try await server.client()
      #expect(try await client.call(path("Fail"), Bytes()).status == 5)
      #expect(try await client.call("/no/body", Bytes()).status == 12)
    }
    #expect(tracer.finishedSpans.map(\.status) == [SpanStatus(code: .error, message: "NOT_FOUND")])
    #expect(tracer.finishedSpans.first?.attributes.get("rpc.grpc.status_code") == .int64(5))
  }

  /// Whatever the tracer itself sends between services is read and sent on.
  @Test func theTracersContextGoesInAndOut() async throws {
    let tracer = InMemoryTracer()
    let seen = Mutex(Metadata())
    let call = MethodHandler.unary(.test("Call", .unary)) { (request: Bytes, _) in
      var outgoing = Metadata()
      outgoing.addTrace(tracer: tracer)
      seen.withLock { [outgoing] in $0 = outgoing }
      return request
    }
    try await serving([call], interceptors: [ServerTracing(tracer: tracer)]) { server in
      let fields: [HeaderField] = [["in-memory-trace-id", "t1"], ["in-memory-span-id", "s1"]]
      let reply = try await server.client().call(path("Call"), Bytes(), metadata: fields)
      #expect(reply.status == 0)
    }
    let span = try #require(tracer.finishedSpans.first)
    #expect(span.traceID == "t1" && span.parentSpanID == "s1")
    #expect(seen.withLock { $0.text("in-memory-trace-id") } == "t1")
    #expect(seen.withLock { $0.text("in-memory-span-id") } == span.spanID)
  }

  /// W3C's goes on without a tracer too.
  @Test func traceparentGoesInAndOut() async throws {
    let seen = Mutex(Metadata())
    let call = MethodHandler.unary(.test("Call", .unary)) { (request: Bytes, _) in
      var outgoing = Metadata()
      outgoing.addTrace(tracer: NoOpTracer())
      seen.withLock { [outgoing] in $0 = outgoing }
      return request
    }
    try await serving([call], interceptors: [ServerTracing(tracer: InMemoryTracer())]) { server in
      let client = try await server.client()
      _ = try await client.call(
        path("Call"), Bytes(), metadata: [["traceparent", parent], ["tracestate", "a=1"], ["tracestate", "b=2"]])
      let out = try #require(seen.withLock { $0.text("traceparent") }.flatMap(TraceContext.init(traceparent:)))
      let parent = try #require(TraceContext(traceparent: parent))
      #expect(out.traceID == parent.traceID && out.spanID != parent.spanID && out.flags == 1)
      #expect(seen.withLock { $0.text("tracestate") } == "a=1,b=2")
      // Without one, or with a damaged one, a trace begins here.
      for fields in [[], [["traceparent", "00-0-0-0"]]] as [[HeaderField]] {
        _ = try await client.call(path("Call"), Bytes(), metadata: fields)
        let own = try #require(seen.withLock { $0.text("traceparent") }.flatMap(TraceContext.init(traceparent:)))
        #expect(own.traceID != parent.traceID && own.flags == 0)
      }
    }
  }

  /// Log lines and outgoing calls name the span that is exported.
  @Test(arguments: [nil, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"])
  func theSpanInLogLinesIsTheExportedOne(parent: String?) async throws {
    let tracer = W3CTracer()
    let seen = Mutex<[Logger.Metadata]>([])
    let sent = Mutex(Metadata())
    let call = MethodHandler.unary(.test("Call", .unary)) { (request: Bytes, _) in
      seen.withLock { $0.append(Logger.MetadataProvider.trace.get()) }
      var outgoing = Metadata()
      outgoing.addTrace(tracer: tracer)
      sent.withLock { [outgoing] in $0 = outgoing }
      return request
    }
    try await serving([call], interceptors: [ServerTracing(tracer: tracer)]) { server in
      let fields = parent.map { [HeaderField("traceparent", $0)] } ?? []
      let reply = try await server.client().call(path("Call"), Bytes(), metadata: fields)
      #expect(reply.status == 0)
    }
    let span = try #require(tracer.spans.finishedSpans.first)
    if let parent = parent.flatMap(TraceContext.init(traceparent:)) {
      #expect(span.traceID == Hex.digits(parent.traceID) && span.parentSpanID == Hex.digits(parent.spanID))
    }
    let logged: Logger.Metadata = ["trace_id": "\(span.traceID)", "span_id": "\(span.spanID)"]
    #expect(seen.withLock { $0 } == [logged])
    #expect(sent.withLock { $0.text("traceparent") } == "00-\(span.traceID)-\(span.spanID)-01")
  }

  @Test func traceparentIsReadAsW3CSays() {
    #expect(TraceContext(traceparent: parent)?.traceparent == parent)
    #expect(TraceContext(traceparent: "cc" + parent.dropFirst(2) + "-what-is-to-come")?.traceparent == parent)
    for wrong in [
      "", "00", String(parent.dropLast()), parent + "0", parent + "-00", parent.uppercased(),
      "ff" + parent.dropFirst(2),
      "cc" + parent.dropFirst(2) + "x", "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", parent.replacing("-", with: "_"),
      "0x" + parent.dropFirst(2),
    ] { #expect(TraceContext(traceparent: wrong) == nil, "\(wrong)") }
    var twice = Metadata()
    twice.add("traceparent", parent)
    twice.add("traceparent", parent)
    #expect(TraceContext(twice) == nil)
    let child = TraceContext().child()
    #expect(TraceContext(traceparent: child.traceparent) == child)
  }
}

/// A tracer that passes `traceparent` on, as those of OpenTelemetry do: the spans of InMemoryTracer with such numbers.
private struct W3CTracer: Tracer {
  let spans = InMemoryTracer(
    idGenerator: .init(
      nextTraceID: { Hex.digits(UInt128.random(in: 1 ... .max)) },
      nextSpanID: { Hex.digits(UInt64.random(in: 1 ... .max)) }))

  func startSpan<Instant: TracerInstant>(
    _ operationName: String, context: @autoclosure () -> ServiceContext, ofKind kind: SpanKind,
    at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
  ) -> InMemorySpan {
    spans.startSpan(
      operationName, context: context(), ofKind: kind, at: instant(), function: function, file: fileID, line: line)
  }

  func forceFlush() {}

  func extract<Carrier, Extract: Extractor>(
    _ carrier: Carrier, into context: inout ServiceContext, using extractor: Extract
  ) where Extract.Carrier == Carrier {
    let parent = extractor.extract(key: "traceparent", from: carrier).flatMap(TraceContext.init(traceparent:))
    guard let parent else { return }
    context.inMemorySpanContext = InMemorySpanContext(
      traceID: Hex.digits(parent.traceID), spanID: Hex.digits(parent.spanID), parentSpanID: nil)
  }

  func inject<Carrier, Inject: Injector>(
    _ context: ServiceContext, into carrier: inout Carrier, using injector: Inject
  ) where Inject.Carrier == Carrier {
    guard let span = context.inMemorySpanContext else { return }
    injector.inject("00-\(span.traceID)-\(span.spanID)-01", forKey: "traceparent", into: &carrier)
  }
}
