import Synchronization

package import UserService

/// Accounts without a database, beside users without one.
package final class InMemoryAccountStore: AccountStore {
  struct State {
    var accounts: [UserID: AccountRecord] = [:]
    var sessions: [SessionID: (record: SessionRecord, endTime: Int64?)] = [:]
    var tokens: [UserID: Token] = [:]
    /// The emails that users have shown to be their own, in normal form, and when.
    var verified: [UserID: (email: String, time: Int64)] = [:]
    /// Microseconds; each write takes one.
    var now: Int64 = 1_700_000_000_000_000
  }

  let users: any UserStore
  let state = Mutex(State())
  private let key = (0..<64).map { _ in UInt8.random(in: 0...255) }

  package init(users: any UserStore) { self.users = users }

  /// Lets time pass.
  package func advance(seconds: Int64) { state.withLock { $0.now += seconds * 1_000_000 } }

  private func isThere(_ user: UserID) async throws(StoreError) -> Bool {
    try await users.find(id: user, deadline: nil)?.isDeleted == false
  }

  /// - Throws: `notFound` or `isDeleted`.
  private func check(_ user: UserID) async throws(StoreError) {
    guard let found = try await users.find(id: user, deadline: nil) else { throw .refused(.notFound(user)) }
    if found.isDeleted { throw .refused(.isDeleted(user)) }
  }

  package func account(of user: UserID, deadline: UInt64?) async throws(StoreError) -> AccountRecord? {
    guard let found = try await users.find(id: user, deadline: nil), !found.isDeleted else { return nil }
    return state.withLock { state in
      var account = state.accounts[user] ?? AccountRecord(userID: user)
      if let verified = state.verified[user], (try? EmailAddress(found.email))?.normalForm == verified.email {
        account.emailVerifyTime = verified.time
      }
      return account
    }
  }

  package func account(email: EmailAddress, deadline: UInt64?) async throws(StoreError) -> AccountRecord? {
    guard let user = try await users.find(email: email, deadline: nil) else { return nil }
    return try await account(of: user.id, deadline: deadline)
  }

  package func setPassword(
    of user: UserID, hash: String, expecting: String?, keeping kept: SessionID?, deadline: UInt64?
  ) async throws(StoreError) -> AccountChange {
    try await check(user)
    let change = state.withLock { state -> AccountChange? in
      var account = state.accounts[user] ?? AccountRecord(userID: user)
      if let expecting, account.passwordHash != expecting { return nil }
      state.now += 1
      (account.passwordHash, account.passwordTime) = (hash, state.now)
      state.accounts[user] = account
      return AccountChange(account: account, endedSessions: Self.end(&state) { $0.userID == user && $0.id != kept })
    }
    guard let change else { throw .refused(.versionMismatch(user)) }
    return change
  }

  package func replaceHash(
    of user: UserID, _ old: String, by new: String, deadline: UInt64?
  ) async throws(StoreError) {
    state.withLock { if $0.accounts[user]?.passwordHash == old { $0.accounts[user]?.passwordHash = new } }
  }

  package func setDisabled(
    _ isDisabled: Bool, user: UserID, deadline: UInt64?
  ) async throws(StoreError) -> AccountChange {
    try await check(user)
    return state.withLock { state in
      state.now += 1
      var account = state.accounts[user] ?? AccountRecord(userID: user)
      account.disableTime = isDisabled ? account.disableTime ?? state.now : nil
      state.accounts[user] = account
      let ended = isDisabled ? Self.end(&state) { $0.userID == user } : []
      return AccountChange(account: account, endedSessions: ended)
    }
  }

  package func createSession(
    _ session: NewSession, hash: String, deadline: UInt64?
  ) async throws(StoreError) -> (session: SessionRecord, ended: [SessionID]) {
    let user = session.userID
    try await check(user)
    let begun = state.withLock { state -> (session: SessionRecord, ended: [SessionID])? in
      guard let account = state.accounts[user], account.passwordHash == hash, account.disableTime == nil else {
        return nil
      }
      let kept = Self.active(state, of: user).prefix(SessionLimits.perUser - 1).map(\.id)
      let ended = Self.end(&state) { $0.userID == user && !kept.contains($0.id) }
      state.now += 1
      let record = SessionRecord(
        id: session.id, userID: user, createTime: state.now, refreshTime: state.now,
        expireTime: state.now + SessionLimits.lifetime * 1_000_000, generation: 1, tokenHash: session.tokenHash,
        isRevoked: false, readTime: state.now)
      state.sessions[session.id] = (record, nil)
      return (record, ended)
    }
    guard let begun else { throw .refused(.versionMismatch(user)) }
    return begun
  }

  package func session(_ id: SessionID, deadline: UInt64?) async throws(StoreError) -> SessionRecord? {
    guard let found = state.withLock({ $0.sessions[id]?.record }) else { return nil }
    let isThere = try await isThere(found.userID)
    return state.withLock { state in
      var record = found
      record.readTime = state.now
      record.isRevoked = !isThere || state.sessions[id]?.endTime != nil
      return record
    }
  }

  package func refresh(
    _ id: SessionID, generation: Int64, hash: [UInt8], deadline: UInt64?
  ) async throws(StoreError) -> SessionRecord? {
    state.withLock { state in
      guard var (record, endTime) = state.sessions[id], endTime == nil, record.generation == generation,
        state.now < record.expireTime
      else { return nil }
      state.now += 1
      (record.generation, record.tokenHash) = (generation + 1, hash)
      (record.refreshTime, record.readTime) = (state.now, state.now)
      record.expireTime = state.now + SessionLimits.lifetime * 1_000_000
      state.sessions[id] = (record, nil)
      endTime = nil
      return record
    }
  }

  package func endSession(_ id: SessionID, of user: UserID?, deadline: UInt64?) async throws(StoreError) -> Bool {
    state.withLock { !Self.end(&$0) { $0.id == id && (user == nil || $0.userID == user) }.isEmpty }
  }

  package func endSessions(of user: UserID, deadline: UInt64?) async throws(StoreError) -> [SessionID] {
    state.withLock { Self.end(&$0) { $0.userID == user } }
  }

  package func sessions(of user: UserID, deadline: UInt64?) async throws(StoreError) -> [SessionRecord] {
    guard try await isThere(user) else { return [] }
    return state.withLock { state in
      Self.active(state, of: user).map { session in
        var session = session
        session.readTime = state.now
        return session
      }.filter(\.isActive)
    }
  }

  package func endedSessions(within seconds: Int64, deadline: UInt64?) async throws(StoreError) -> [SessionID] {
    for user in state.withLock({ Set($0.sessions.values.map(\.record.userID)) }) {
      guard try await users.find(id: user, deadline: nil) == nil else { continue }
      state.withLock { _ = Self.end(&$0) { $0.userID == user } }
    }
    return state.withLock { state in
      state.sessions.values.filter { $0.endTime.map { $0 > state.now - seconds * 1_000_000 } ?? false }.map(\.record.id)
    }
  }

  package func refreshKey(deadline: UInt64?) async throws(StoreError) -> [UInt8] { key }

  private static func active(_ state: State, of user: UserID) -> [SessionRecord] {
    state.sessions.values.filter { $0.record.userID == user && $0.endTime == nil }.map(\.record)
      .sorted { $0.createTime > $1.createTime }
  }

  static func end(_ state: inout State, _ isMeant: (SessionRecord) -> Bool) -> [SessionID] {
    state.now += 1
    var ended: [SessionID] = []
    for (id, session) in state.sessions where session.endTime == nil && isMeant(session.record) {
      state.sessions[id]?.endTime = state.now
      ended.append(id)
    }
    return ended
  }
}
