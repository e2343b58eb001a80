internal import Primitives
public import RPCCore
public import UserAPI

/// Changes of a user's own email, which its password and the new email must confirm.
extension AccountServiceHandlers {
  /// Makes a token for the new email. Whether another user has that email shows neither in the answer nor in its time.
  /// - Throws: `AccessRefusal`: no user calls. `UserServiceError`: invalid fields. `AccountError`: the password is
  ///   wrong, or the session has ended. `PasswordHasher.Failure`: overload. `StoreError`: the store failed.
  public func requestEmailChange(
    _ request: RequestEmailChangeRequest, context: ServerContext
  ) async throws -> RequestEmailChangeResponse {
    guard let caller = context.caller else { throw AccessRefusal.noCredentials }
    guard let user = caller.userID else { throw AccessRefusal.notAUser }
    var violations = FieldViolations()
    let email = FieldRules.email(request.newEmail, field: "new_email", into: &violations)
    let password = claimed(request.password, field: "password", into: &violations)
    guard let email, let password else { throw UserServiceError.invalid(violations) }
    let start = MonotonicClock.nanoseconds
    _ = try await liveSession(of: caller, context)
    _ = try await hash(of: user, provenBy: password, context)
    let token = NewOneTimeToken(
      id: ids.next(), purpose: .emailChange, owner: .user(user), newEmail: email, author: context.author)
    _ = try await store.makeToken(token, deadline: context.storeDeadline)
    await minimumTime(since: start)
    return RequestEmailChangeResponse()
  }

  /// Changes an email by a token.
  /// - Throws: `UserServiceError`: no token. `AccountError`: it can't be used. `StoreError`: the email is taken, or the
  ///   store failed.
  public func confirmEmailChange(
    _ request: ConfirmEmailChangeRequest, context: ServerContext
  ) async throws -> Account {
    guard let account = try await store.changeEmail(by: try proof(request.token), deadline: context.storeDeadline)
    else { throw AccountError.oneTimeTokenInvalid }
    return Account(account)
  }
}
