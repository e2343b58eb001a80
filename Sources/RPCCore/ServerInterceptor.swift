/// Runs around every call of a server: authentication, logging, limits. Of all four kinds alike, since it sees the call,
/// not its messages.
public protocol ServerInterceptor: Sendable {
  /// Calls `next` once to go on, or throws to answer the call without its handler. What `next` throws is what the handler
  /// threw; throwing another error answers with that one.
  func intercept(_ context: ServerContext, next: () async throws -> Void) async throws
}
