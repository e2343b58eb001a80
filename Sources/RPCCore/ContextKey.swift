/// Names a place in the context of a call, and says what is there. What an interceptor leaves in it, later interceptors
/// and the handler read.
///
/// ```swift
/// private enum CallerKey: ContextKey { typealias Value = Caller }
///
/// extension ServerContext {
///   /// Who calls; nil where nobody asked.
///   var caller: Caller? {
///     get { self[CallerKey.self] }
///     nonmutating set { self[CallerKey.self] = newValue }
///   }
/// }
///
/// struct Authentication: ServerInterceptor {
///   let tokens: TokenVerifier
///
///   func accept(_ context: ServerContext) throws(RPCError) {
///     context.caller = try tokens.verify(context.requestMetadata.text("authorization"))
///   }
/// }
///
/// func getUser(_ request: GetUserRequest, context: ServerContext) async throws -> User {
///   guard let caller = context.caller else { throw RPCError(.unauthenticated, "who are you?") }
///   …
/// }
/// ```
///
/// The type is the key: one that is private keeps others from reading or replacing the value.
public protocol ContextKey {
  /// What is in that place.
  associatedtype Value: Sendable
}

/// Values by the types of their keys. Nothing is allocated before there is one; with the few that there are, looking at
/// each is faster than a dictionary.
package struct ContextValues: Sendable {
  private var entries: [(key: ObjectIdentifier, value: any Sendable)] = []

  package init() {}

  package subscript<Key: ContextKey>(key: Key.Type) -> Key.Value? {
    get {
      for entry in entries where entry.key == ObjectIdentifier(key) { return entry.value as? Key.Value }
      return nil
    }
    set {
      entries.removeAll { $0.key == ObjectIdentifier(key) }
      if let newValue { entries.append((ObjectIdentifier(key), newValue)) }
    }
  }
}
