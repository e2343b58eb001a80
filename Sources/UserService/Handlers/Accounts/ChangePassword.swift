internal import Primitives
public import RPCCore
public import UserAPI

extension AccountServiceHandlers {
  /// Changes the caller's own password, and ends its other sessions. It asks the store whether the caller's session
  /// still goes on: what other processes have ended may be news to this one.
  /// - Throws: `AccessRefusal`: no user calls. `UserServiceError`: invalid fields. `AccountError`: the current password
  ///   is wrong, or the session has ended. `PasswordHasher.Failure`: overload. `StoreError`: the store failed.
  public func changePassword(_ request: ChangePasswordRequest, context: ServerContext) async throws -> Account {
    guard let caller = context.caller else { throw AccessRefusal.noCredentials }
    guard let user = caller.userID else { throw AccessRefusal.notAUser }
    var violations = FieldViolations()
    let current = claimed(request.currentPassword, field: "current_password", into: &violations)
    let email = try await email(of: user, context)
    let new = new(request.newPassword, field: "new_password", of: email, into: &violations)
    guard let current, let new else { throw UserServiceError.invalid(violations) }
    let session = try await liveSession(of: caller, context)
    let old = try await hash(of: user, provenBy: current, context)
    let hash = try await hashed(new, context)
    return account(
      after: try await store.setPassword(
        of: user, hash: hash.text, expecting: old, keeping: session, deadline: context.storeDeadline))
  }

  /// Checks the password of a user that has signed in before, and counts its tries.
  /// - Returns: the stored hash.
  func hash(of user: UserID, provenBy password: Password, _ context: ServerContext) async throws -> String {
    try checkTries(context.peer, user.description, MonotonicClock.nanoseconds)
    let found = try await store.account(of: user, deadline: context.storeDeadline)
    let isRight = try await hasher.withPlace { try await check(password, found, context) }
    guard isRight, let hash = found?.passwordHash else {
      tries.failed(source: context.peer, email: user.description, now: MonotonicClock.nanoseconds)
      throw AccountError.signInFailed
    }
    return hash
  }

  /// The session of the caller, which the store says goes on; nil if its token belongs to none.
  func liveSession(of caller: Caller, _ context: ServerContext) async throws -> SessionID? {
    guard let text = caller.session else { return nil }
    guard let id = SessionID(text), let session = try await store.session(id, deadline: context.storeDeadline),
      session.isActive
    else { throw AccessRefusal.sessionEnded }
    return id
  }
}
