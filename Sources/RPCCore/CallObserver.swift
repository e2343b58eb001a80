/// Observes one call, for access logs, metrics and traces: on a server also a call that is refused before a handler
/// runs, on a client also one that reaches no server.
///
/// The server, or the channel, calls the methods in order, on the thread of the call's loop, so they must not block.
/// https://github.com/grpc/proposal/blob/master/A66-otel-stats.md#opentelemetry-plugin-architecture
public protocol CallObserver: Sendable {
  /// An interceptor found out who calls: `ServerContext.identifyCaller`. It names the caller without personal data.
  func callerIdentified(_ id: String)
  /// The handler received a request message; on a client, the caller received a response message.
  func received(_ message: MessageInfo)
  /// The handler wrote a response message; on a client, the caller wrote a request message.
  func sent(_ message: MessageInfo)
  /// On a client: an attempt to make the call begins.
  /// - Returns: what is sent with it, behind the call's own metadata: the place of the attempt in a trace, say.
  func attemptStarted(_ attempt: CallAttempt) -> Metadata
  /// On a client: the attempt has ended. The call ends with it, or another one follows.
  func attemptEnded(_ summary: AttemptSummary)
  /// The call has ended. It is called once, and nothing afterwards.
  func ended(_ summary: CallSummary)
}

extension CallObserver {
  /// The default: nothing happens.
  public func callerIdentified(_ id: String) {}
  /// The default: nothing happens.
  public func received(_ message: MessageInfo) {}
  /// The default: nothing happens.
  public func sent(_ message: MessageInfo) {}
  /// The default: nothing is added.
  public func attemptStarted(_ attempt: CallAttempt) -> Metadata { [:] }
  /// The default: nothing happens.
  public func attemptEnded(_ summary: AttemptSummary) {}
}
