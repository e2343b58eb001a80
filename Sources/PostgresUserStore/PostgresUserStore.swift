public import Logging
public import Postgres
public import UserService

/// Stores users in a Postgres table.
///
/// Every write is one round trip, so no transaction stays open across several. Writes to the same user, or to
/// the same email, queue for each other before they get a connection. Concurrent creations may share a statement. A
/// call made on an event loop stays on that loop. Deadlines are CLOCK_MONOTONIC in nanoseconds; nil means the client's
/// `defaultTimeout`.
public struct PostgresUserStore: UserStore {
  /// How long a deleted user can be undeleted, by default.
  public static let defaultRetention = Duration.seconds(30 * 24 * 3600)

  private(set) var client: PostgresClient
  private var replicas: ReplicaSet?
  private let retentionMicroseconds: Int64
  let onWrite: @Sendable () -> Void
  let keys = Keys()
  let damagedRows: DamagedRows

  /// - Parameters:
  ///   - client: a client of a database with the schema of `UserMigrations`.
  ///   - retention: the time from a user's deletion to its purge time; at most 100 years.
  ///   - replicas: what may answer reads that allow an age.
  ///   - logger: logs rows that can't be read as users.
  ///   - onWrite: called after each write, on the thread of its caller, so that its event is moved soon: see
  ///     `FeedSequencer.nudge()`. It must not block.
  public init(
    client: PostgresClient, retention: Duration = defaultRetention, replicas: ReplicaSet? = nil,
    logger: Logger? = nil, onWrite: @escaping @Sendable () -> Void = {}
  ) {
    self.client = client
    self.onWrite = onWrite
    self.replicas = replicas
    damagedRows = DamagedRows(logger: logger)
    let seconds = min(max(retention.components.seconds, 0), 100 * 366 * 24 * 3600)
    retentionMicroseconds = seconds * 1_000_000 + retention.components.attoseconds / 1_000_000_000_000
  }

  /// The same store on a replica that is fresh enough.
  public func copy(within staleness: Duration) -> (any UserStore)? {
    guard let client = replicas?.client(within: staleness) else { return nil }
    var copy = self
    (copy.client, copy.replicas) = (client, nil)
    return copy
  }

  // MARK: Reads

  /// Finds a user by id; nil if there is none. Calls in the same turn of a loop share a statement.
  public nonisolated(nonsending) func find(
    id: UserID, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord? {
    let row: PostgresRow?
    do throws(PostgresError) {
      row = try await client.find(UserSQL.findByID, (id.high, id.low), deadline: deadline)
    } catch {
      throw StoreError(error)
    }
    guard let row else { return nil }
    return try UserRecord(row: row)
  }

  /// Finds a user by the normal form of its email, which is unique; nil if there is none.
  public nonisolated(nonsending) func find(
    email: EmailAddress, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord? {
    let rows = try await query(UserSQL.findByEmail, [.text(email.normalForm)], deadline)
    guard let row = rows.first else { return nil }
    return try UserRecord(row: row)
  }

  /// Returns or throws what `create` would, without creating the user. Another caller may take the id or the email
  /// right afterwards.
  public nonisolated(nonsending) func preview(
    _ user: NewUser, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    let parameters: [PostgresValue] = [.uuid(user.id.high, user.id.low), .text(user.email.normalForm)]
    let rows = try await query(UserSQL.preview, parameters, deadline)
    guard let row = rows.first else { throw .damagedRow(user.id) }
    let (isIDTaken, isEmailTaken, now): (Bool, Bool, Int64)
    do throws(PostgresError) {
      (isIDTaken, isEmailTaken, now) = (try row[0].bool, try row[1].bool, try row[2].timestamp)
    } catch {
      throw StoreError(error)
    }
    // `create` reports these in the same order.
    if isIDTaken { throw .refused(.alreadyExists(.id)) }
    if isEmailTaken { throw .refused(.alreadyExists(.email)) }
    return UserRecord(created: user, at: now)
  }

  // MARK: Writes

  /// Creates a user. Creations whose callers chose no id may share a statement and a commit.
  /// - Throws: `alreadyExists` if the id or the email is taken.
  public nonisolated(nonsending) func create(
    _ user: NewUser, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    // An id chosen by the caller may conflict as well as the email. The emails' order then can't prevent deadlocks, so
    // such a creation needs a statement of its own.
    let keys = user.isIDChosen ? [Self.key(user.id), Self.key(user.email)] : [Self.key(user.email)]
    let (isIDTaken, isEmailTaken): (Bool, Bool)
    let now: Int64
    do throws(PostgresError) {
      let row = try await client.write(
        UserSQL.insert, row: Self.row(user, author), keys: keys, isAlone: user.isIDChosen, deadline: deadline)
      (isIDTaken, isEmailTaken) = (try row[1].bool, try row[2].bool)
      now = isIDTaken || isEmailTaken ? 0 : try row[0].timestamp
    } catch {
      throw StoreError(error)
    }
    if isIDTaken { throw .refused(.alreadyExists(.id)) }
    if isEmailTaken { throw .refused(.alreadyExists(.email)) }
    onWrite()
    return UserRecord(created: user, at: now)
  }

  /// Changes the fields that `change` names, in one UPDATE that checks the version. A new email is claimed first
  /// (`UserSQL.claim`).
  /// - Throws: `notFound`, `isDeleted`, `versionMismatch`, or `alreadyExists` if another user has the email.
  public nonisolated(nonsending) func update(
    _ id: UserID, _ change: UserChange, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    if change.isEmpty {
      return try Self.unchanged(try await find(id: id, deadline: deadline), id, expecting)
    }
    return try UserRecord(
      row: await write(
        Self.statement(for: change), id, expecting, author, Self.values(of: change), change: change,
        wantsDeleted: false, deadline))
  }

  /// The user, if an update would be accepted.
  static func unchanged(
    _ user: UserRecord?, _ id: UserID, _ expecting: VersionCondition
  ) throws(StoreError) -> UserRecord {
    guard let user else { throw .refused(.notFound(id)) }
    if user.isDeleted { throw .refused(.isDeleted(id)) }
    guard expecting.allows(user.version) else { throw .refused(.versionMismatch(id)) }
    return user
  }

  static func statement(for change: UserChange) -> Statement {
    change.changesSingleLabels ? UserSQL.updateLabels : UserSQL.update
  }

  /// The parameters of an update's statement behind those of every write.
  static func values(of change: UserChange) -> [PostgresValue] {
    var values: [PostgresValue] = [
      change.email.map { .text($0.address) } ?? .null, change.email.map { .text($0.normalForm) } ?? .null,
      change.name.map { .text($0) } ?? .null, change.labels.map { .text(LabelsJSON.encode($0)) } ?? .null,
      .textArray(change.fields),
    ]
    if change.changesSingleLabels {
      values += [.text(LabelsJSON.encode(change.setLabels)), .textArray(Array(change.removedLabels))]
    }
    return values
  }

  /// Marks a user as deleted and sets its purge time, in one UPDATE.
  /// - Throws: `notFound`, `isDeleted` or `versionMismatch`.
  public nonisolated(nonsending) func delete(
    _ id: UserID, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    try UserRecord(
      row: await write(
        UserSQL.delete, id, expecting, author, [.int64(retentionMicroseconds)], wantsDeleted: false, deadline))
  }

  /// Restores a deleted user, in one UPDATE that checks the purge time.
  /// - Throws: `notFound`, `isNotDeleted`, `isExpired` or `versionMismatch`.
  public nonisolated(nonsending) func undelete(
    _ id: UserID, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    try UserRecord(row: await write(UserSQL.undelete, id, expecting, author, [], wantsDeleted: true, deadline))
  }

  /// Removes a user, whether or not it is deleted, in one DELETE that checks the version.
  /// - Throws: `notFound` or `versionMismatch`.
  public nonisolated(nonsending) func purge(
    _ id: UserID, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) {
    _ = try await write(UserSQL.purge, id, expecting, author, [], wantsDeleted: nil, deadline)
  }

  /// Runs a statement that changes one user. If the statement matched no row, throws the reason; if that reason is gone
  /// by then, runs the statement again, until the deadline.
  private nonisolated(nonsending) func write(
    _ statement: Statement, _ id: UserID, _ expecting: VersionCondition, _ author: Author?,
    _ parameters: [PostgresValue], change: UserChange? = nil, wantsDeleted: Bool?, _ deadline: UInt64?
  ) async throws(StoreError) -> PostgresRow {
    let parameters = Self.parameters(id, expecting, author, parameters)
    let keys = [Self.key(id)] + (change?.email.map { [Self.key($0)] } ?? [])
    let preludes = change?.email.map(UserSQL.claim) ?? []
    while true {
      let row: PostgresRow?
      do throws(PostgresError) {
        row = try await client.write(statement, parameters, after: preludes, keys: keys, deadline: deadline).first
      } catch {
        throw StoreError(error)
      }
      if let row {
        onWrite()
        return row
      }
      let reason = try await query(UserSQL.whyUnmatched, Self.whyParameters(id, change?.email), deadline)
      try Self.throwReason(reason, id, expecting, wantsDeleted: wantsDeleted)
      if let change, change.changesSingleLabels {
        try Self.checkLabels(
          try await query(UserSQL.findLabels, [.uuid(id.high, id.low)], deadline).first, id, change)
      }
      // Nothing prevents the write any more: somebody has changed the user in between.
    }
  }

  /// The parameters of a write to a user, and those of its statement.
  static func parameters(
    _ id: UserID, _ expecting: VersionCondition, _ author: Author?, _ parameters: [PostgresValue]
  ) -> [PostgresValue] {
    let version: PostgresValue =
      switch expecting {
      case .any: .null
      case .exactly(let version): .int64(version)
      // Versions begin at 1.
      case .never: .int64(0)
      }
    return [.uuid(id.high, id.low), version, author.map { .text($0.id) } ?? .null] + parameters
  }

  static func whyParameters(_ id: UserID, _ email: EmailAddress?) -> [PostgresValue] {
    [.uuid(id.high, id.low), email.map { .text($0.normalForm) } ?? .null]
  }

  /// Throws the reason why a write matched no row, as `UserSQL.whyUnmatched` tells it. Returns if there is no longer a
  /// reason.
  static func throwReason(
    _ rows: PostgresRows, _ id: UserID, _ expecting: VersionCondition, wantsDeleted: Bool?
  ) throws(StoreError) {
    guard let row = rows.first else { throw .refused(.notFound(id)) }
    let (isDeleted, isExpired, version, isEmailTaken, isDamaged): (Bool, Bool, Int64, Bool, Bool)
    do throws(PostgresError) {
      (isDeleted, isExpired) = (try row[0].bool, try row[1].bool)
      (version, isEmailTaken, isDamaged) = (try row[2].int64, try row[3].bool, try row[4].bool)
    } catch {
      throw StoreError(error)
    }
    if isDeleted, wantsDeleted == false { throw .refused(.isDeleted(id)) }
    if !isDeleted, wantsDeleted == true { throw .refused(.isNotDeleted(id)) }
    if isExpired, wantsDeleted != nil { throw .refused(.isExpired(id)) }
    if !expecting.allows(version) { throw .refused(.versionMismatch(id)) }
    if isEmailTaken { throw .refused(.alreadyExists(.email)) }
    if isDamaged, wantsDeleted != nil { throw .damagedRow(id, isSafeToRetry: true) }
  }

  /// Throws if the user would have too many labels after the change.
  static func checkLabels(_ row: PostgresRow?, _ id: UserID, _ change: UserChange) throws(StoreError) {
    guard let row else { throw .refused(.notFound(id)) }
    let text: String
    do throws(PostgresError) { text = try row[0].text } catch { throw StoreError(error) }
    guard let labels = LabelsJSON.decode(text) else { throw .damagedRow(id) }
    if change.labels(from: labels).count > UserRecord.maximumLabels { throw .refused(.tooManyLabels(id)) }
  }

  static func key(_ id: UserID) -> WriteKey { WriteKey("users.id", id) }
  static func key(_ email: EmailAddress) -> WriteKey { WriteKey("users.email", email.normalForm) }

  // MARK: Queries

  nonisolated(nonsending) func query(
    _ statement: Statement, _ parameters: [PostgresValue], _ deadline: UInt64?
  ) async throws(StoreError) -> PostgresRows {
    do throws(PostgresError) {
      return try await client.query(statement, parameters, deadline: deadline)
    } catch {
      throw StoreError(error)
    }
  }
}
