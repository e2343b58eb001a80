/// Observes one call, for access logs, metrics and traces: also a call that is refused before a handler runs.
///
/// The server calls the methods in order, on the thread of the call's loop, so they must not block.
/// https://github.com/grpc/proposal/blob/master/A66-otel-stats.md#opentelemetry-plugin-architecture
public protocol CallObserver: Sendable {
  /// An interceptor found out who calls: `ServerContext.identifyCaller`. It names the caller without personal data.
  func callerIdentified(_ id: String)
  /// The handler received a request message.
  func received(_ message: MessageInfo)
  /// The handler wrote a response message.
  func sent(_ message: MessageInfo)
  /// The call has ended. The server calls this once, and nothing afterwards.
  func ended(_ summary: CallSummary)
}

extension CallObserver {
  /// The default: nothing happens.
  public func callerIdentified(_ id: String) {}
  /// The default: nothing happens.
  public func received(_ message: MessageInfo) {}
  /// The default: nothing happens.
  public func sent(_ message: MessageInfo) {}
}
