public import Postgres
import Synchronization
public import UserService

/// Stores accounts and sessions in Postgres, beside the users. Each write is a single statement, with the priority of
/// writes without which nobody can sign in.
public final class PostgresAccountStore: AccountStore {
  let client: PostgresClient
  private let key = Mutex<[UInt8]?>(nil)

  /// Called after each write that has an event.
  let onWrite: @Sendable () -> Void

  /// - Parameters:
  ///   - client: a client of a database with the schema of `UserMigrations`.
  ///   - onWrite: called after each write that has an event, so that it is moved soon: see `FeedSequencer.nudge()`. It
  ///     must not block.
  public init(client: PostgresClient, onWrite: @escaping @Sendable () -> Void = {}) {
    self.client = client
    self.onWrite = onWrite
  }

  // MARK: Accounts

  /// The account of a user; nil if there is no such user.
  public nonisolated(nonsending) func account(
    of user: UserID, deadline: UInt64?
  ) async throws(StoreError) -> AccountRecord? {
    try await query(AccountSQL.accountByID, [.uuid(user.high, user.low)], deadline) { (row) throws(PostgresError) in
      try AccountRecord(row: row)
    }.first
  }

  /// The account of the user with this email; nil if there is none.
  public nonisolated(nonsending) func account(
    email: EmailAddress, deadline: UInt64?
  ) async throws(StoreError) -> AccountRecord? {
    try await query(AccountSQL.accountByEmail, [.text(email.normalForm)], deadline) { (row) throws(PostgresError) in
      try AccountRecord(row: row)
    }.first
  }

  /// Sets a password and ends the user's sessions.
  public nonisolated(nonsending) func setPassword(
    of user: UserID, hash: String, expecting: String?, keeping kept: SessionID?, deadline: UInt64?
  ) async throws(StoreError) -> AccountChange {
    let parameters: [PostgresValue] = [
      .uuid(user.high, user.low), .text(hash), expecting.map { .text($0) } ?? .null,
      kept.map { .uuid($0.uuid.high, $0.uuid.low) } ?? .null,
    ]
    return try await change(AccountSQL.setPassword, user, parameters, deadline)
  }

  /// Replaces a hash by another one of the same password.
  public nonisolated(nonsending) func replaceHash(
    of user: UserID, _ old: String, by new: String, deadline: UInt64?
  ) async throws(StoreError) {
    let parameters: [PostgresValue] = [.uuid(user.high, user.low), .text(old), .text(new)]
    _ = try await write(AccountSQL.replaceHash, parameters, user, deadline) { (_) throws(PostgresError) in }
  }

  /// Disables a user and ends its sessions, or enables it again.
  public nonisolated(nonsending) func setDisabled(
    _ isDisabled: Bool, user: UserID, deadline: UInt64?
  ) async throws(StoreError) -> AccountChange {
    try await change(AccountSQL.setDisabled, user, [.uuid(user.high, user.low), .bool(isDisabled)], deadline)
  }

  private nonisolated(nonsending) func change(
    _ statement: Statement, _ user: UserID, _ parameters: [PostgresValue], _ deadline: UInt64?
  ) async throws(StoreError) -> AccountChange {
    let changes = try await write(statement, parameters, user, deadline) { (row) throws(PostgresError) in
      AccountChange(account: try AccountRecord(row: row), endedSessions: try row[5].sessionIDs)
    }
    if let change = changes.first { return change }
    throw try await reason(user, deadline)
  }

  /// Why a write to a user's account matched no row.
  private nonisolated(nonsending) func reason(_ user: UserID, _ deadline: UInt64?) async throws(StoreError)
    -> StoreError
  {
    let found = try await query(UserSQL.whyUnmatched, [.uuid(user.high, user.low), .null], deadline) {
      (row) throws(PostgresError) in try row[0].bool
    }
    guard let isDeleted = found.first else { return .refused(.notFound(user)) }
    return .refused(isDeleted ? .isDeleted(user) : .versionMismatch(user))
  }

  // MARK: Sessions

  /// Begins a session.
  public nonisolated(nonsending) func createSession(
    _ session: NewSession, hash: String, deadline: UInt64?
  ) async throws(StoreError) -> (session: SessionRecord, ended: [SessionID]) {
    let (id, user) = (session.id.uuid, session.userID)
    let parameters: [PostgresValue] = [
      .uuid(id.high, id.low), .uuid(user.high, user.low), .bytes(session.tokenHash), .text(hash),
      .int64(Int64(SessionLimits.perUser)), .double(Double(SessionLimits.lifetime)),
    ]
    let begun = try await write(AccountSQL.createSession, parameters, user, deadline) { (row) throws(PostgresError) in
      (session: try SessionRecord(row: row), ended: try row[9].sessionIDs)
    }
    if let begun = begun.first { return begun }
    throw try await reason(user, deadline)
  }

  /// A session, ended or not; nil if there is none.
  public nonisolated(nonsending) func session(
    _ id: SessionID, deadline: UInt64?
  ) async throws(StoreError) -> SessionRecord? {
    try await query(AccountSQL.sessionByID, [.uuid(id.uuid.high, id.uuid.low)], deadline) {
      (row) throws(PostgresError) in try SessionRecord(row: row)
    }.first
  }

  /// Gives a session its next refresh token.
  public nonisolated(nonsending) func refresh(
    _ id: SessionID, generation: Int64, hash: [UInt8], deadline: UInt64?
  ) async throws(StoreError) -> SessionRecord? {
    let parameters: [PostgresValue] = [
      .uuid(id.uuid.high, id.uuid.low), .int64(generation), .bytes(hash), .double(Double(SessionLimits.lifetime)),
    ]
    return try await write(AccountSQL.refresh, parameters, id.uuid, deadline) { (row) throws(PostgresError) in
      try SessionRecord(row: row)
    }.first
  }

  /// Ends a session.
  public nonisolated(nonsending) func endSession(
    _ id: SessionID, of user: UserID?, deadline: UInt64?
  ) async throws(StoreError) -> Bool {
    let parameters: [PostgresValue] = [
      .uuid(id.uuid.high, id.uuid.low), user.map { .uuid($0.high, $0.low) } ?? .null,
    ]
    return try await !write(AccountSQL.endSession, parameters, id.uuid, deadline) { (_) throws(PostgresError) in }
      .isEmpty
  }

  /// Ends all sessions of a user.
  public nonisolated(nonsending) func endSessions(
    of user: UserID, deadline: UInt64?
  ) async throws(StoreError) -> [SessionID] {
    try await write(AccountSQL.endSessions, [.uuid(user.high, user.low)], user, deadline) {
      (row) throws(PostgresError) in try row[0].sessionID
    }
  }

  /// The active sessions of a user, the newest first.
  public nonisolated(nonsending) func sessions(
    of user: UserID, deadline: UInt64?
  ) async throws(StoreError) -> [SessionRecord] {
    try await query(AccountSQL.sessionsOfUser, [.uuid(user.high, user.low)], deadline) { (row) throws(PostgresError) in
      try SessionRecord(row: row)
    }
  }

  /// The sessions that have ended within the last so many seconds.
  public nonisolated(nonsending) func endedSessions(
    within seconds: Int64, deadline: UInt64?
  ) async throws(StoreError) -> [SessionID] {
    try await query(AccountSQL.endedSessions, [.double(Double(seconds))], deadline) { (row) throws(PostgresError) in
      try row[0].sessionID
    }
  }

  /// The secret of refresh tokens, which a migration put into the database. Read once, then kept in memory.
  public nonisolated(nonsending) func refreshKey(deadline: UInt64?) async throws(StoreError) -> [UInt8] {
    if let key = key.withLock({ $0 }) { return key }
    let found = try await query(AccountSQL.refreshKey, [], deadline) { (row) throws(PostgresError) in try row[0].bytes }
    guard let bytes = found.first, bytes.count >= 32 else {
      throw .failed(StoreFailure(.internal, isSafeToRetry: true, cause: NoRefreshKey()))
    }
    key.withLock { $0 = bytes }
    return bytes
  }

  /// Removes at most so many sessions that ended more than a day ago. Returns how many it has removed.
  public nonisolated(nonsending) func prune(limit: Int) async throws(StoreError) -> Int {
    do throws(PostgresError) {
      return try await client.write(AccountSQL.prune, [.int64(Int64(limit))], deadline: nil).count
    } catch {
      throw StoreError(error)
    }
  }

  // MARK: Statements

  nonisolated(nonsending) func query<T>(
    _ statement: Statement, _ parameters: [PostgresValue], _ deadline: UInt64?,
    _ read: (PostgresRow) throws(PostgresError) -> T
  ) async throws(StoreError) -> [T] {
    do throws(PostgresError) {
      return try Self.rows(try await client.query(statement, parameters, deadline: deadline), read)
    } catch {
      throw StoreError(error)
    }
  }

  /// - Parameter key: what the write changes; writes with the same one queue for each other.
  nonisolated(nonsending) func write<T>(
    _ statement: Statement, _ parameters: [PostgresValue], after preludes: [BoundStatement] = [], _ key: UserID,
    _ deadline: UInt64?,
    _ read: (PostgresRow) throws(PostgresError) -> T
  ) async throws(StoreError) -> [T] {
    do throws(PostgresError) {
      let rows = try await client.write(
        statement, parameters, after: preludes, keys: [WriteKey("accounts", key)], priority: .reserved,
        deadline: deadline)
      return try Self.rows(rows, read)
    } catch {
      throw StoreError(error)
    }
  }

  private static func rows<T>(
    _ rows: PostgresRows, _ read: (PostgresRow) throws(PostgresError) -> T
  ) throws(PostgresError) -> [T] {
    var values: [T] = []
    for row in rows { values.append(try read(row)) }
    return values
  }
}

/// `service_keys` has no key for refresh tokens, or one that is too short.
struct NoRefreshKey: Error, CustomStringConvertible {
  var description: String { "The table service_keys has no usable key refresh_tokens." }
}

extension AccountRecord {
  init(row: PostgresRow) throws(PostgresError) {
    let id = try row[0].uuid
    self.init(
      userID: UserID(high: id.high, low: id.low), passwordHash: row[1].isNull ? nil : try row[1].text,
      passwordTime: row[2].isNull ? nil : try row[2].timestamp, disableTime: row[3].isNull ? nil : try row[3].timestamp,
      emailVerifyTime: row[4].isNull ? nil : try row[4].timestamp)
  }
}

extension SessionRecord {
  fileprivate init(row: PostgresRow) throws(PostgresError) {
    let user = try row[1].uuid
    self.init(
      id: try row[0].sessionID, userID: UserID(high: user.high, low: user.low), createTime: try row[2].timestamp,
      refreshTime: try row[3].timestamp, expireTime: try row[4].timestamp, generation: try row[5].int64,
      tokenHash: try row[6].bytes, isRevoked: try row[7].bool, readTime: try row[8].timestamp)
  }
}

extension PostgresCell {
  fileprivate var sessionID: SessionID {
    get throws(PostgresError) {
      let id = try uuid
      return SessionID(UserID(high: id.high, low: id.low))
    }
  }

  /// An array of UUIDs as text.
  var sessionIDs: [SessionID] {
    get throws(PostgresError) { try textArray.compactMap { SessionID($0) } }
  }
}
