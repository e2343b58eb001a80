public import RPCCore

/// Who makes a call, once that is proven. Immutable: any thread may use it.
public final class Caller: Sendable {
  /// The id of a user, or the name of a service or an operator. Logs name the caller by it.
  public let id: String
  /// The user that calls, if it is one.
  public let userID: UserID?
  /// What the caller may do.
  public let scopes: [String]
  /// The session that the call belongs to; nil without one.
  public let session: String?

  /// - Parameters:
  ///   - id: a user's id in its text form makes the caller that user.
  ///   - scopes: what the caller may do.
  ///   - session: the session that the call belongs to.
  public init(id: String, scopes: [String], session: String? = nil) {
    self.id = id
    self.scopes = scopes
    self.session = session
    userID = UserID(id)
  }

  /// Whether the caller has one of the scopes, or `admin`, which stands for all.
  public func hasScope(oneOf wanted: [String]) -> Bool {
    scopes.contains { $0 == MethodAccess.adminScope || wanted.contains($0) }
  }
}

private enum CallerKey: ContextKey { typealias Value = Caller }
private enum OwnDataKey: ContextKey { typealias Value = UserID }

extension ServerContext {
  /// Who calls; nil if no credentials were verified, where the method's rule allows that.
  public internal(set) var caller: Caller? {
    get { self[CallerKey.self] }
    nonmutating set { self[CallerKey.self] = newValue }
  }

  /// The author of what the call changes.
  var author: Author? { caller.map(Author.init) }

  /// The user whose data alone the call may touch; nil if it may touch those of others.
  var restrictedToUser: UserID? {
    get { self[OwnDataKey.self] }
    nonmutating set { self[OwnDataKey.self] = newValue }
  }

  /// Checks that the caller has a scope beyond those that the method needs. A call without a caller is one of an open
  /// server, which may do everything.
  /// - Throws: `AccessRefusal.missingScope`.
  func checkHasScope(_ scope: String) throws(AccessRefusal) {
    if let caller, !caller.hasScope(oneOf: [scope]) { throw .missingScope([scope]) }
  }

  /// Checks that the call may touch the data of a user. Each handler of a method whose rule says `self` calls this
  /// before it looks at the store.
  /// - Throws: `AccessRefusal.notYours` if the call may touch only the data of another user.
  func checkMayTouch(_ user: UserID) throws(AccessRefusal) {
    if let own = restrictedToUser, own != user { throw .notYours }
  }
}
