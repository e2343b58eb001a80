public import Logging
import Primitives
public import RPCCore
public import Tracing

/// Starts a span for each call, with the name and attributes of gRFC A72, and continues the caller's trace. Handlers
/// find it in `ServiceContext.current`; `Metadata.addTrace` propagates it to the services that they call.
///
/// It reads and continues W3C's `traceparent` even if the tracer does not, or if there is no tracer.
/// https://github.com/grpc/proposal/blob/master/A72-open-telemetry-tracing.md
public struct ServerTracing: ServerInterceptor {
  private let tracer: any Tracer

  /// - Parameter tracer: makes the spans; by default the tracer of the process.
  public init(tracer: any Tracer = InstrumentationSystem.tracer) { self.tracer = tracer }

  /// Starts the call's span, as a child of the caller's span if its metadata names one. Calls of unknown methods get no
  /// span.
  public func callStarted(_ start: CallStart) -> (any CallObserver)? {
    guard let method = start.method else { return nil }
    let metadata = start.requestMetadata
    var context = ServiceContext.topLevel
    tracer.extract(metadata, into: &context, using: MetadataExtractor())
    let span = tracer.startAnySpan("Recv.\(method.service).\(method.name)", context: context, ofKind: .server)
    span.updateAttributes { attributes in
      attributes["rpc.system"] = "grpc"
      attributes["rpc.service"] = method.service
      attributes["rpc.method"] = method.name
    }
    var inside = span.context
    inside.trace = trace(of: span) ?? TraceContext(metadata)?.child() ?? TraceContext()
    return TracedCall(span: span, context: inside)
  }

  /// Where the span stands in its trace, as the tracer tells other services: what it exports has the same numbers. nil
  /// if it tells them in another way than W3C's.
  private func trace(of span: any Span) -> TraceContext? {
    var outgoing = Metadata()
    tracer.inject(span.context, into: &outgoing, using: MetadataInjector())
    return TraceContext(outgoing)
  }

  /// Makes the call's span the parent of the spans that the handler starts.
  public func intercept(_ context: ServerContext, next: () async throws -> Void) async throws {
    guard let traced: TracedCall = context.observer() else { return try await next() }
    try await ServiceContext.withValue(traced.context) { try await next() }
  }
}

/// Records the messages and the status of a call on its span.
private struct TracedCall: CallObserver {
  let span: any Span
  /// What the handler runs in: the span's own, with its place in the trace.
  let context: ServiceContext

  func received(_ message: MessageInfo) { span.addMessage("Inbound", message) }
  func sent(_ message: MessageInfo) { span.addMessage("Outbound", message) }
  func ended(_ summary: CallSummary) { span.end(with: summary.status) }
}

extension Logger.MetadataProvider {
  /// Adds `trace_id` and `span_id` to the lines that a traced call logs. They name the span that the tracer exports, if
  /// the tracer injects W3C's `traceparent`, as OpenTelemetry's tracers do.
  public static var trace: Logger.MetadataProvider {
    Logger.MetadataProvider {
      guard let trace = ServiceContext.current?.trace else { return [:] }
      return ["trace_id": "\(Hex.digits(trace.traceID))", "span_id": "\(Hex.digits(trace.spanID))"]
    }
  }
}
