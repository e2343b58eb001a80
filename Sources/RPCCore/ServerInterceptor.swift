/// Runs around every call of a server: authentication, logging, limits. Of all four kinds alike, since it sees the
/// call, not its messages.
///
/// All methods have defaults that do nothing; a server without interceptors pays nothing for them.
public protocol ServerInterceptor: Sendable {
  /// A call came in: its head was read, and it may still be refused. On the thread of its loop, so it must not block.
  /// - Returns: who is to hear what becomes of the call; nil if nobody.
  func callStarted(_ start: CallStart) -> (any CallObserver)?

  /// Decides by the head alone whether the call is taken: by its method and that one's options, its metadata, the peer
  /// and its TLS. The first interceptor is asked first. To refuse, throw: the client is told at once, nothing of the
  /// request's body is kept, and no more of it is asked for. What it learned goes into the context (``ContextKey``).
  ///
  /// On the thread of the call's loop, so it must not block; what takes longer belongs into `intercept`. Not asked of
  /// calls that the server itself refuses: of an unknown method, say.
  func accept(_ context: ServerContext) throws(RPCError)

  /// Calls `next` once to go on, or throws to answer the call without its handler. What `next` throws is what the
  /// handler threw; throwing another error answers with that one.
  func intercept(_ context: ServerContext, next: () async throws -> Void) async throws
}

extension ServerInterceptor {
  /// The default: nobody observes the call.
  public func callStarted(_ start: CallStart) -> (any CallObserver)? { nil }
  /// The default: takes every call.
  public func accept(_ context: ServerContext) throws(RPCError) {}
  /// The default: goes on to the next interceptor, or to the handler.
  public func intercept(_ context: ServerContext, next: () async throws -> Void) async throws { try await next() }
}
