import Synchronization

package import UserService

/// One-time tokens without a database.
extension InMemoryAccountStore {
  struct Token {
    let new: NewOneTimeToken
    let owner: UserID
    /// Where it is sent.
    let email: EmailAddress
    /// The user's email when it was made, in normal form.
    let currentEmail: String
    let passwordTime: Int64?
    let createTime: Int64
    var hash: [UInt8]?
    var isUsed = false

    var expireTime: Int64 { createTime + new.purpose.lifetime * 1_000_000 }
    var record: OneTimeTokenRecord {
      OneTimeTokenRecord(userID: owner, purpose: new.purpose, email: email.address, expireTime: expireTime)
    }
  }

  /// The id of the token that was made last, as the event of it says; nil if there is none.
  package var newestToken: UserID? {
    state.withLock { $0.tokens.max { $0.value.createTime < $1.value.createTime }?.key }
  }

  /// How many tokens were made.
  package var tokenCount: Int { state.withLock { $0.tokens.count } }

  package func makeToken(_ token: NewOneTimeToken, deadline: UInt64?) async throws(StoreError) -> Bool {
    let found =
      switch token.owner {
      case .user(let id): try await users.find(id: id, deadline: deadline)
      case .email(let email): try await users.find(email: email, deadline: deadline)
      }
    guard let user = found, !user.isDeleted, let current = try? EmailAddress(user.email) else { return false }
    if let new = token.newEmail, let other = try await users.find(email: new, deadline: deadline), other.id != user.id {
      return false
    }
    return state.withLock { state in
      let account = state.accounts[user.id]
      let recent = state.tokens.values.count {
        $0.owner == user.id && $0.new.purpose == token.purpose && $0.createTime > state.now - 3_600_000_000
      }
      guard account?.disableTime == nil, recent < OneTimeTokenLimits.perHour else { return false }
      state.now += 1
      state.tokens[token.id] = Token(
        new: token, owner: user.id, email: token.newEmail ?? current, currentEmail: current.normalForm,
        passwordTime: account?.passwordTime, createTime: state.now)
      return true
    }
  }

  package func claimToken(_ proof: OneTimeProof, deadline: UInt64?) async throws(StoreError) -> OneTimeClaim {
    state.withLock { state in
      guard let token = state.tokens[proof.id], state.now < token.expireTime else { return .none }
      guard token.hash == nil else { return .claimedBefore }
      state.tokens[proof.id]?.hash = proof.hash
      return .claimed(token.record)
    }
  }

  package func token(
    _ proof: OneTimeProof, for purpose: OneTimePurpose, deadline: UInt64?
  ) async throws(StoreError) -> OneTimeTokenRecord? {
    try await usable(proof, purpose)?.record
  }

  private func usable(_ proof: OneTimeProof, _ purpose: OneTimePurpose) async throws(StoreError) -> Token? {
    guard let token = state.withLock({ $0.tokens[proof.id] }),
      let user = try await users.find(id: token.owner, deadline: nil), !user.isDeleted,
      (try? EmailAddress(user.email))?.normalForm == token.currentEmail
    else { return nil }
    return state.withLock { state in Self.isUsable(proof, purpose, state) ? token : nil }
  }

  private static func isUsable(_ proof: OneTimeProof, _ purpose: OneTimePurpose, _ state: State) -> Bool {
    guard let token = state.tokens[proof.id] else { return false }
    let account = state.accounts[token.owner]
    return token.hash == proof.hash && token.new.purpose == purpose && !token.isUsed && state.now < token.expireTime
      && account?.disableTime == nil
      && (purpose == .emailVerification || account?.passwordTime == token.passwordTime)
  }

  package func resetPassword(
    by proof: OneTimeProof, to hash: String, deadline: UInt64?
  ) async throws(StoreError) -> AccountChange? {
    guard let token = try await usable(proof, .passwordReset) else { return nil }
    return state.withLock { state in
      guard Self.isUsable(proof, .passwordReset, state) else { return nil }
      state.now += 1
      state.tokens[proof.id]?.isUsed = true
      var account = state.accounts[token.owner] ?? AccountRecord(userID: token.owner)
      (account.passwordHash, account.passwordTime) = (hash, state.now)
      state.accounts[token.owner] = account
      state.verified[token.owner] = (token.email.normalForm, state.now)
      account.emailVerifyTime = state.now
      return AccountChange(account: account, endedSessions: Self.end(&state) { $0.userID == token.owner })
    }
  }

  package func verifyEmail(by proof: OneTimeProof, deadline: UInt64?) async throws(StoreError) -> AccountRecord? {
    guard let token = try await usable(proof, .emailVerification) else { return nil }
    return verified(proof, token)
  }

  package func changeEmail(by proof: OneTimeProof, deadline: UInt64?) async throws(StoreError) -> AccountRecord? {
    guard let token = try await usable(proof, .emailChange) else { return nil }
    _ = try await users.update(
      token.owner, UserChange(email: token.email), expecting: .any, by: Author(id: token.owner.description),
      deadline: deadline)
    return verified(proof, token)
  }

  private func verified(_ proof: OneTimeProof, _ token: Token) -> AccountRecord? {
    state.withLock { state in
      guard Self.isUsable(proof, token.new.purpose, state) else { return nil }
      state.now += 1
      state.tokens[proof.id]?.isUsed = true
      state.verified[token.owner] = (token.email.normalForm, state.now)
      var account = state.accounts[token.owner] ?? AccountRecord(userID: token.owner)
      account.emailVerifyTime = state.now
      return account
    }
  }
}
