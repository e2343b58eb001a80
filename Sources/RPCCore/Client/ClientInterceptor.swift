/// Sees every call that a channel makes: for metrics, traces, and what all calls are to carry.
///
/// ```swift
/// struct RequestID: ClientInterceptor {
///   func callStarted(_ method: MethodDescriptor, _ options: inout CallOptions) -> (any CallObserver)? {
///     options.metadata.add("x-request-id", makeID())
///     return nil
///   }
/// }
/// ```
public protocol ClientInterceptor: Sendable {
  /// A call is about to be made. Its options may be changed: metadata added, a timeout set. It runs where the call is
  /// made, in the task that makes it, and must not block. The first interceptor comes first.
  /// - Returns: who is to hear what becomes of the call; nil if nobody.
  func callStarted(_ method: MethodDescriptor, _ options: inout CallOptions) -> (any CallObserver)?
}
