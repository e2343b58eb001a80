/// Runs around every call of a server: authentication, logging, limits. Of all four kinds alike, since it sees the
/// call, not its messages.
///
/// Both methods have defaults that do nothing; a server without interceptors pays nothing for them.
public protocol ServerInterceptor: Sendable {
  /// A call came in: its head was read, and it may still be refused. On the thread of its loop, so it must not block.
  /// - Returns: who is to hear what becomes of the call; nil if nobody.
  func callStarted(_ start: CallStart) -> (any CallObserver)?

  /// Calls `next` once to go on, or throws to answer the call without its handler. What `next` throws is what the
  /// handler threw; throwing another error answers with that one.
  func intercept(_ context: ServerContext, next: () async throws -> Void) async throws
}

extension ServerInterceptor {
  /// The default: nobody observes the call.
  public func callStarted(_ start: CallStart) -> (any CallObserver)? { nil }
  /// The default: goes on to the next interceptor, or to the handler.
  public func intercept(_ context: ServerContext, next: () async throws -> Void) async throws { try await next() }
}
