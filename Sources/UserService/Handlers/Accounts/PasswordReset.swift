internal import Primitives
public import RPCCore
public import UserAPI

/// Forgotten passwords.
extension AccountServiceHandlers {
  /// Makes a token for the user who has an email. Whether there is one shows neither in the answer nor in its time.
  /// - Throws: `UserServiceError`: an invalid email. `AccountError`: too many requests. `StoreError`: the store failed.
  public func requestPasswordReset(
    _ request: RequestPasswordResetRequest, context: ServerContext
  ) async throws -> RequestPasswordResetResponse {
    var violations = FieldViolations()
    guard let email = FieldRules.email(request.email, field: "email", into: &violations) else {
      throw UserServiceError.invalid(violations)
    }
    let start = MonotonicClock.nanoseconds
    if let delay = requests.delay(source: context.peer, email: email.normalForm, now: start) {
      throw AccountError.tooManyRequests(delay)
    }
    requests.failed(source: context.peer, email: email.normalForm, now: start)
    _ = try await store.makeToken(
      NewOneTimeToken(id: ids.next(), purpose: .passwordReset, owner: .email(email)), deadline: context.storeDeadline)
    await minimumTime(since: start)
    return RequestPasswordResetResponse()
  }

  /// Sets a new password by a token, and ends all sessions of the user.
  /// - Throws: `UserServiceError`: invalid fields. `AccountError`: the token can't be used. `PasswordHasher.Failure`:
  ///   overload. `StoreError`: the store failed.
  public func resetPassword(_ request: ResetPasswordRequest, context: ServerContext) async throws -> Account {
    let proof = try proof(request.token)
    guard let found = try await store.token(proof, for: .passwordReset, deadline: context.storeDeadline) else {
      throw AccountError.oneTimeTokenInvalid
    }
    let email = try? EmailAddress(found.email)
    var violations = FieldViolations()
    guard let new = new(request.newPassword, field: "new_password", of: email, into: &violations) else {
      throw UserServiceError.invalid(violations)
    }
    let hash = try await hashed(new, context)
    guard let change = try await store.resetPassword(by: proof, to: hash.text, deadline: context.storeDeadline) else {
      throw AccountError.oneTimeTokenInvalid
    }
    // Whoever reads the email gets in, however many others have guessed passwords.
    if let email { tries.succeeded(source: context.peer, email: email.normalForm) }
    return account(after: change)
  }

  /// The proof that a text is.
  /// - Throws: `UserServiceError` if it is empty, `AccountError` if it can't be a token.
  func proof(_ text: String) throws -> OneTimeProof {
    guard !text.isEmpty else {
      throw UserServiceError.invalid(FieldViolations("token", .required, "must not be empty"))
    }
    guard let secret = OneTimeSecret(text) else { throw AccountError.oneTimeTokenInvalid }
    guard let proof = secret.proof else { throw AccountError.failed }
    return proof
  }

  /// Waits until an answer reveals nothing by its time.
  func minimumTime(since start: UInt64) async {
    await MinimumResponseTime.wait(until: start + MinimumResponseTime.duration(cost: hasher.cost).clampedNanoseconds)
  }
}
