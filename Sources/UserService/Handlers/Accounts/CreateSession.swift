internal import Primitives
internal import ProtoWire
public import RPCCore
internal import Tokens
public import UserAPI

extension AccountServiceHandlers {
  /// Signs in. Unknown emails, wrong passwords and users without a password cost the same work, and are answered in the
  /// same words at the same time.
  /// - Throws: `UserServiceError`: invalid fields. `AccountError`: a failed sign-in, a disabled user, too many tries.
  ///   `PasswordHasher.Failure`: overload. `StoreError`: the store failed.
  public func createSession(_ request: CreateSessionRequest, context: ServerContext) async throws -> SessionTokens {
    var violations = FieldViolations()
    let email = FieldRules.email(request.email, field: "email", into: &violations)
    let password = claimed(request.password, field: "password", into: &violations)
    guard let email, let password else { throw UserServiceError.invalid(violations) }
    let start = MonotonicClock.nanoseconds
    let source = context.peer
    try checkTries(source, email.normalForm, start)
    // Before the account is looked up: a full pool says nothing of it.
    let account = try await hasher.withPlace { () -> AccountRecord? in
      let found = try await store.account(email: email, deadline: context.storeDeadline)
      let isRight = try await check(password, found, context)
      await MinimumResponseTime.wait(until: start + MinimumResponseTime.duration(cost: hasher.cost).clampedNanoseconds)
      return isRight ? found : nil
    }
    guard let account, let hash = account.passwordHash else {
      tries.failed(source: source, email: email.normalForm, now: MonotonicClock.nanoseconds)
      throw AccountError.signInFailed
    }
    tries.succeeded(source: source, email: email.normalForm)
    guard account.disableTime == nil else { throw AccountError.disabled }
    let tokens = try await begin(account.userID, hash, context)
    if PasswordHash(hash)?.isOutdated(cost: hasher.cost) == true { rehashing.add(account.userID, password, hash) }
    return tokens
  }

  func claimed(_ text: String, field: String, into violations: inout FieldViolations) -> Password? {
    do throws(Password.Fault) {
      return try Password(claimed: text)
    } catch {
      violations.add(field, error)
      return nil
    }
  }

  func checkTries(_ source: String, _ email: String, _ now: UInt64) throws(AccountError) {
    if let delay = tries.delay(source: source, email: email, now: now) { throw .tooManyTries(delay) }
  }

  /// Whether the password is the account's. Without an account, or a password of it, the work is the same.
  func check(_ password: Password, _ account: AccountRecord?, _ context: ServerContext) async throws -> Bool {
    context.enterStage("the password waited to be checked")
    let verdict = try await hasher.verify(
      password, account?.passwordHash.flatMap(PasswordHash.init), deadline: context.deadline?.nanoseconds)
    return verdict != .wrong
  }

  private func begin(_ user: UserID, _ hash: String, _ context: ServerContext) async throws -> SessionTokens {
    let key = try await store.refreshKey(deadline: context.storeDeadline)
    let id = SessionID(ids.next())
    guard let token = RefreshToken(session: id), let tokenHash = token.hash else { throw AccountError.failed }
    let new = NewSession(id: id, userID: user, tokenHash: tokenHash)
    let begun: (session: SessionRecord, ended: [SessionID])
    do throws(StoreError) {
      begun = try await store.createSession(new, hash: hash, deadline: context.storeDeadline)
    } catch {
      // Deleted, disabled or given another password a moment ago.
      if case .refused = error { throw AccountError.signInFailed }
      throw error
    }
    ended.add(begun.ended, now: now())
    return try tokens(begun.session, token, key)
  }

  /// What a session's client gets.
  func tokens(_ session: SessionRecord, _ token: RefreshToken, _ key: [UInt8]) throws -> SessionTokens {
    let now = now()
    guard let signer = keys.current.signer(now: now) else { throw AccountError.noSigningKey }
    let access = AccessToken(
      subject: session.userID.description, session: session.id.description, id: ids.next().description, issueTime: now,
      expireTime: now + SessionLimits.accessTokenLifetime)
    guard let accessText = authority.issue(access, key: signer), let refreshText = token.text(key: key) else {
      throw AccountError.failed
    }
    return .with {
      $0.session = Session(session)
      $0.accessToken = accessText
      $0.accessTokenExpireTime = .with { $0.seconds = access.expireTime }
      $0.refreshToken = refreshText
    }
  }
}
