import Logging
public import RPCCore
import Synchronization
public import Tracing

/// Starts a span for each call of a channel, and below it one for each attempt, with the names and attributes of gRFC
/// A72. The spans continue the trace of `ServiceContext.current`, which is that of the call that a handler serves, and
/// each attempt carries its place in the trace to the server.
///
/// Without a tracer, or with one that does not write W3C's `traceparent`, the trace that `ServerTracing` found goes on
/// all the same.
/// https://github.com/grpc/proposal/blob/master/A72-open-telemetry-tracing.md
public struct ClientTracing: ClientInterceptor {
  private let tracer: any Tracer

  /// - Parameter tracer: makes the spans; by default the tracer of the process.
  public init(tracer: any Tracer = InstrumentationSystem.tracer) { self.tracer = tracer }

  /// Starts the call's span.
  public func callStarted(_ method: MethodDescriptor, _ options: inout CallOptions) -> (any CallObserver)? {
    let parent = ServiceContext.current ?? .topLevel
    let name = "\(method.service).\(method.name)"
    let span = tracer.startAnySpan("Sent.\(name)", context: parent, ofKind: .client)
    span.updateAttributes { attributes in
      attributes["rpc.system"] = "grpc"
      attributes["rpc.service"] = method.service
      attributes["rpc.method"] = method.name
    }
    return TracedClientCall(name: name, span: span, parent: parent.trace, tracer: tracer)
  }
}

/// The spans of one call: records attempts, messages and statuses.
private final class TracedClientCall: CallObserver {
  private let name: String
  private let span: any Span
  /// The place in the trace of the work that makes the call.
  private let parent: TraceContext?
  private let tracer: any Tracer
  /// By the numbers of the attempts that run.
  private let attempts = Mutex<[Int: any Span]>([:])

  init(name: String, span: any Span, parent: TraceContext?, tracer: any Tracer) {
    self.name = name
    self.span = span
    self.parent = parent
    self.tracer = tracer
  }

  func attemptStarted(_ attempt: CallAttempt) -> Metadata {
    let attemptSpan = tracer.startAnySpan("Attempt.\(name)", context: span.context, ofKind: .client)
    attemptSpan.updateAttributes { attributes in
      attributes["previous-rpc-attempts"] = attempt.previousAttempts
      attributes["transparent-retry"] = attempt.isTransparentRetry
    }
    attempts.withLock { $0[attempt.number] = attemptSpan }
    var context = attemptSpan.context
    context.trace = parent?.child()
    var metadata = Metadata()
    metadata.addTrace(of: context, tracer: tracer)
    return metadata
  }

  func attemptEnded(_ summary: AttemptSummary) {
    attempts.withLock { $0.removeValue(forKey: summary.attempt.number) }?.end(with: summary.status)
  }

  func received(_ message: MessageInfo) { add("Inbound", message) }
  func sent(_ message: MessageInfo) { add("Outbound", message) }

  /// On the span of the attempt; on that of the call while it has none, or several.
  private func add(_ direction: String, _ message: MessageInfo) {
    let only = attempts.withLock { $0.count == 1 ? $0.first?.value : nil }
    (only ?? span).addMessage(direction, message)
  }

  func ended(_ summary: CallSummary) { span.end(with: summary.status) }
}
