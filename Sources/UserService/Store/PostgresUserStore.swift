public import Logging
public import Postgres

/// Users in a table of Postgres. Every write is one statement: no transaction is ever open across a round trip. Writes
/// to one user, or to one email, wait for each other before they get a connection; creations travel in groups. Called
/// on a loop, everything stays on it.
public struct PostgresUserStore: UserStore {
  /// How long a deleted user can be had back.
  public static let defaultRetention = Duration.seconds(30 * 24 * 3600)

  private let client: PostgresClient
  private let retentionMicroseconds: Int64
  let keys = Keys()
  let damagedRows: DamagedRows

  /// - Parameters:
  ///   - client: its database has the schema of `UserMigrations`.
  ///   - retention: from a user's deletion to its purge time; up to 100 years.
  ///   - logger: told of stored users that can't be read.
  public init(client: PostgresClient, retention: Duration = defaultRetention, logger: Logger? = nil) {
    self.client = client
    damagedRows = DamagedRows(logger: logger)
    let seconds = min(max(retention.components.seconds, 0), 100 * 366 * 24 * 3600)
    retentionMicroseconds = seconds * 1_000_000 + retention.components.attoseconds / 1_000_000_000_000
  }

  // MARK: Reads

  /// A user by id. Lookups of one turn of the loop share a statement.
  public nonisolated(nonsending) func find(
    id: UserID, deadline: UInt64?
  ) async throws(UserServiceError) -> UserRecord? {
    let row: PostgresRow?
    do throws(PostgresError) {
      row = try await client.find(UserSQL.findByID, (id.high, id.low), deadline: deadline)
    } catch {
      throw .database(error)
    }
    guard let row else { return nil }
    return try UserRecord(row: row)
  }

  /// A user by its email's normal form, of which a unique index knows one at most.
  public nonisolated(nonsending) func find(
    email: EmailAddress, deadline: UInt64?
  ) async throws(UserServiceError) -> UserRecord? {
    let rows = try await query(UserSQL.findByEmail, [.text(email.normalForm)], deadline)
    guard let row = rows.first else { return nil }
    return try UserRecord(row: row)
  }

  /// Says what `create` would answer, by one SELECT: another caller may take the id or the email right afterwards.
  public nonisolated(nonsending) func preview(
    _ user: NewUser, deadline: UInt64?
  ) async throws(UserServiceError) -> UserRecord {
    let parameters: [PostgresValue] = [.uuid(user.id.high, user.id.low), .text(user.email.normalForm)]
    let rows = try await query(UserSQL.preview, parameters, deadline)
    guard let row = rows.first else { throw .damagedRow(user.id) }
    let (isIDTaken, isEmailTaken, now): (Bool, Bool, Int64)
    do throws(PostgresError) {
      (isIDTaken, isEmailTaken, now) = (try row[0].bool, try row[1].bool, try row[2].timestamp)
    } catch {
      throw .database(error)
    }
    // In the order in which the insertion would find it.
    if isIDTaken { throw .alreadyExists(.id) }
    if isEmailTaken { throw .alreadyExists(.email) }
    return UserRecord(
      id: user.id, email: user.email.address, name: user.name, labels: user.labels, createTime: now, updateTime: now)
  }

  // MARK: Writes

  /// Inserts a user. Creations whose callers chose no id may share a statement and a commit.
  public nonisolated(nonsending) func create(
    _ user: NewUser, deadline: UInt64?
  ) async throws(UserServiceError) -> UserRecord {
    let parameters: [PostgresValue] = [
      .uuid(user.id.high, user.id.low), .text(user.email.address), .text(user.email.normalForm), .text(user.name),
      .text(LabelsJSON.encode(user.labels)),
    ]
    // An id of the caller's choice could meet another user's, in another order than that of the emails.
    let keys = user.isIDChosen ? [Self.key(user.id), Self.key(user.email)] : [Self.key(user.email)]
    let row: PostgresRow
    let (isIDTaken, isEmailTaken): (Bool, Bool)
    do throws(PostgresError) {
      row = try await client.write(
        UserSQL.insert, row: parameters, keys: keys, isAlone: user.isIDChosen, deadline: deadline)
      (isIDTaken, isEmailTaken) = (try row[UserSQL.isIDTakenColumn].bool, try row[UserSQL.isEmailTakenColumn].bool)
    } catch {
      throw Self.translate(error)
    }
    if isIDTaken { throw .alreadyExists(.id) }
    if isEmailTaken { throw .alreadyExists(.email) }
    return try UserRecord(row: row)
  }

  /// Changes the fields that `change` names, by one UPDATE that checks the version.
  public nonisolated(nonsending) func update(
    _ id: UserID, _ change: UserChange, expecting: VersionCondition, deadline: UInt64?
  ) async throws(UserServiceError) -> UserRecord {
    if change.isEmpty {
      guard let user = try await find(id: id, deadline: deadline) else { throw .notFound(.id(id)) }
      if user.isDeleted { throw .isDeleted(id) }
      guard expecting.allows(user.version) else { throw .etagMismatch(id) }
      return user
    }
    let parameters: [PostgresValue] = [
      change.email.map { .text($0.address) } ?? .null, change.email.map { .text($0.normalForm) } ?? .null,
      change.name.map { .text($0) } ?? .null, change.labels.map { .text(LabelsJSON.encode($0)) } ?? .null,
    ]
    return try await write(
      UserSQL.update, id, expecting, parameters, email: change.email, wantsDeleted: false, deadline)
  }

  /// Marks a user as deleted, by one UPDATE, and sets its purge time.
  public nonisolated(nonsending) func delete(
    _ id: UserID, expecting: VersionCondition, deadline: UInt64?
  ) async throws(UserServiceError) -> UserRecord {
    try await write(
      UserSQL.delete, id, expecting, [.int64(retentionMicroseconds)], wantsDeleted: false, deadline)
  }

  /// Takes a deletion back, by one UPDATE that checks the purge time.
  public nonisolated(nonsending) func undelete(
    _ id: UserID, expecting: VersionCondition, deadline: UInt64?
  ) async throws(UserServiceError) -> UserRecord {
    try await write(UserSQL.undelete, id, expecting, [], wantsDeleted: true, deadline)
  }

  /// Runs a statement that changes one user, and finds out why if it found none to change.
  private nonisolated(nonsending) func write(
    _ statement: Statement, _ id: UserID, _ expecting: VersionCondition, _ parameters: [PostgresValue],
    email: EmailAddress? = nil, wantsDeleted: Bool, _ deadline: UInt64?
  ) async throws(UserServiceError) -> UserRecord {
    let version: PostgresValue =
      switch expecting {
      case .any: .null
      case .exactly(let version): .int64(version)
      // Versions begin at 1.
      case .never: .int64(0)
      }
    let parameters = [.uuid(id.high, id.low), version] + parameters
    let keys = [Self.key(id)] + (email.map { [Self.key($0)] } ?? [])
    while true {
      let row: PostgresRow?
      do throws(PostgresError) {
        row = try await client.write(statement, parameters, keys: keys, deadline: deadline).first
      } catch {
        throw Self.translate(error)
      }
      if let row { return try UserRecord(row: row) }
      try await explain(id, expecting, email, wantsDeleted: wantsDeleted, deadline)
      // What was in the way is gone already: somebody changed the user back in between.
    }
  }

  /// Why a write found nothing to change.
  private nonisolated(nonsending) func explain(
    _ id: UserID, _ expecting: VersionCondition, _ email: EmailAddress?, wantsDeleted: Bool, _ deadline: UInt64?
  ) async throws(UserServiceError) {
    let rows = try await query(
      UserSQL.explain, [.uuid(id.high, id.low), email.map { .text($0.normalForm) } ?? .null], deadline)
    guard let row = rows.first else { throw .notFound(.id(id)) }
    let (isDeleted, isExpired, version, isEmailTaken): (Bool, Bool, Int64, Bool)
    do throws(PostgresError) {
      (isDeleted, isExpired) = (try row[0].bool, try row[1].bool)
      (version, isEmailTaken) = (try row[2].int64, try row[3].bool)
    } catch {
      throw .database(error)
    }
    if isDeleted, !wantsDeleted { throw .isDeleted(id) }
    if !isDeleted, wantsDeleted { throw .isNotDeleted(id) }
    if isExpired { throw .isExpired(id) }
    if !expecting.allows(version) { throw .etagMismatch(id) }
    if isEmailTaken { throw .alreadyExists(.email) }
  }

  private static func key(_ id: UserID) -> WriteKey { WriteKey("users.id", id) }
  private static func key(_ email: EmailAddress) -> WriteKey { WriteKey("users.email", email.normalForm) }

  // MARK: Queries

  nonisolated(nonsending) func query(
    _ statement: Statement, _ parameters: [PostgresValue], _ deadline: UInt64?
  ) async throws(UserServiceError) -> PostgresRows {
    do throws(PostgresError) {
      return try await client.query(statement, parameters, deadline: deadline)
    } catch {
      throw Self.translate(error)
    }
  }

  /// A violated index of ours is an answer, not a failure.
  static func translate(_ error: PostgresError) -> UserServiceError {
    guard error.code == .uniqueViolation else { return .database(error) }
    switch error.constraint {
    case "users_pkey": return .alreadyExists(.id)
    case "users_email_normalized_key": return .alreadyExists(.email)
    default: return .database(error)
    }
  }
}
