import EventLoop
import Postgres
import Primitives
public import UserService

extension PostgresUserStore {
  /// One statement for all ids.
  public nonisolated(nonsending) func find(
    ids: [UserID], deadline: UInt64?
  ) async throws(StoreError) -> [UserRecord?] {
    if ids.isEmpty { return [] }
    let keys = ids.map { UInt128($0.high) << 64 | UInt128($0.low) }
    var found: [UserID: UserRecord] = [:]
    for row in try await query(UserSQL.findMany, [.uuidArray(keys)], deadline) {
      let user = try UserRecord(row: row)
      found[user.id] = user
    }
    return ids.map { found[$0] }
  }

  /// One statement for all users, in a transaction of its own that is rolled back if one can't be stored.
  public nonisolated(nonsending) func create(
    _ users: [NewUser], by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> [UserRecord] {
    // What is in the way of a user is another one of the batch, or of the table. The statement sees only the table.
    let duplicate = Self.firstDuplicate(users)
    let distinct = Array(users[..<(duplicate?.index ?? users.count)])
    let rows = distinct.map { Self.row($0, author) }
    let created = try await repeating(deadline) { () throws(StoreError) -> [UserRecord]? in
      try await transaction(deadline) { transaction in
        let outcomes = try await transaction.write(UserSQL.insert, rows: rows)
        var created: [UserRecord] = []
        for (index, outcome) in outcomes.enumerated() {
          guard let outcome else { throw Interference() }
          if try outcome[1].bool { throw StoreError.refusedItem(index, .alreadyExists(.id)) }
          if try outcome[2].bool { throw StoreError.refusedItem(index, .alreadyExists(.email)) }
          created.append(UserRecord(created: distinct[index], at: try outcome[0].timestamp))
        }
        if let duplicate { throw StoreError.refusedItem(duplicate.index, .alreadyExists(duplicate.field)) }
        return created
      }
    }
    onWrite()
    return created
  }

  private static func firstDuplicate(_ users: [NewUser]) -> (index: Int, field: StoreRefusal.UniqueField)? {
    var (ids, emails): (Set<UserID>, Set<[UInt8]>) = ([], [])
    for (index, user) in users.enumerated() {
      if !ids.insert(user.id).inserted { return (index, .id) }
      // Bytes, not characters: what Swift takes for equal may be two emails.
      if !emails.insert(Array(user.email.normalForm.utf8)).inserted { return (index, .email) }
    }
    return nil
  }

  /// The row of `UserSQL.insert`.
  static func row(_ user: NewUser, _ author: Author?) -> [PostgresValue] {
    [
      .uuid(user.id.high, user.id.low), .text(user.email.address), .text(user.email.normalForm), .text(user.name),
      .text(LabelsJSON.encode(user.labels)), .text(author?.id ?? ""),
    ]
  }

  /// A statement for each change, in one transaction, in the order of the ids: so that two batches don't deadlock.
  public nonisolated(nonsending) func update(
    _ updates: [UserUpdate], by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> [UserRecord] {
    let order = updates.indices.sorted { updates[$0].id < updates[$1].id }
    let users = try await repeating(deadline) { () throws(StoreError) -> [UserRecord]? in
      try await transaction(deadline) { transaction in
        var changed: [Int: UserRecord] = [:]
        for index in order {
          do throws(StoreError) {
            changed[index] = try await update(updates[index], author, in: transaction)
          } catch {
            if case .refused(let refusal) = error { throw StoreError.refusedItem(index, refusal) }
            throw error
          }
        }
        return updates.indices.compactMap { changed[$0] }
      }
    }
    onWrite()
    return users
  }

  private nonisolated(nonsending) func update(
    _ update: UserUpdate, _ author: Author?, in transaction: PostgresTransaction
  ) async throws(StoreError) -> UserRecord {
    try await Self.storing {
      let (id, change) = (update.id, update.change)
      if change.isEmpty {
        let key = PostgresValue.uuidArray([UInt128(id.high) << 64 | UInt128(id.low)])
        let row = try await transaction.query(UserSQL.findMany, [key]).first
        return try Self.unchanged(try row.map { try UserRecord(row: $0) }, id, update.expecting)
      }
      for claim in change.email.map(UserSQL.claim) ?? [] {
        try await transaction.query(claim.statement, claim.parameters)
      }
      let parameters = Self.parameters(id, update.expecting, author, Self.values(of: change))
      let statement = Self.statement(for: change)
      if let row = try await transaction.query(statement, parameters).first { return try UserRecord(row: row) }
      let reason = try await transaction.query(UserSQL.whyUnmatched, Self.whyParameters(id, change.email))
      try Self.throwReason(reason, id, update.expecting, wantsDeleted: false)
      // This transaction has not locked the row: unless it has too many labels, somebody has changed it in between.
      let labels = try await transaction.query(UserSQL.findLabels, [.uuid(id.high, id.low)]).first
      try Self.checkLabels(labels, id, change)
      throw Interference()
    }
  }

  // MARK: Once

  /// Creates a user and remembers the request, in one statement.
  public nonisolated(nonsending) func create(
    _ user: NewUser, once request: CreationRequest, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    let parameters = Self.row(user, author) + [.uuid(request.id.high, request.id.low), .bytes(request.fingerprint)]
    let keys = [Self.key(user.id), Self.key(user.email), WriteKey("creation_requests", request.id)]
    return try await repeating(deadline) { () throws(StoreError) -> UserRecord? in
      try await Self.storing {
        let rows: PostgresRows
        do throws(PostgresError) {
          rows = try await client.write(UserSQL.insertOnce, parameters, keys: keys, deadline: deadline)
        } catch {
          if error.code == .uniqueViolation, error.constraint == "creation_requests_pkey" { return nil }
          throw error
        }
        guard let row = rows.first else { return nil }
        if !row[0].isNull {
          onWrite()
          return UserRecord(created: user, at: try row[0].timestamp)
        }
        if row[1].isNull {
          if try row[3].bool { throw StoreError.refused(.alreadyExists(.id)) }
          if try row[4].bool { throw StoreError.refused(.alreadyExists(.email)) }
          return nil
        }
        guard try row[2].bool else { throw StoreError.refused(.requestIDReused) }
        let id = try row[1].uuid
        guard let user = try await find(id: UserID(high: id.high, low: id.low), deadline: deadline) else {
          throw StoreError.refused(.createdAndRemoved)
        }
        return user
      }
    }
  }

  // MARK: Repeating

  /// Another transaction was in the way; nothing was done.
  struct Interference: Error {}

  /// Runs `body`, and throws what its errors mean.
  static nonisolated(nonsending) func storing<T: Sendable>(
    _ body: nonisolated(nonsending) () async throws -> T
  ) async throws(StoreError) -> T {
    do {
      return try await body()
    } catch let error as PostgresError {
      throw StoreError(error)
    } catch let error as StoreError {
      throw error
    } catch {
      throw .failed(StoreFailure(.internal, isSafeToRetry: true, cause: error))
    }
  }

  /// Runs `body` until it returns something, while other transactions interfere and the deadline allows.
  nonisolated(nonsending) func repeating<T: Sendable>(
    _ deadline: UInt64?, _ body: nonisolated(nonsending) () async throws(StoreError) -> T?
  ) async throws(StoreError) -> T {
    for _ in 0..<Self.maximumAttempts {
      do throws(StoreError) {
        if let value = try await body() { return value }
      } catch {
        guard case .failed(let failure) = error, failure.isSafeToRetry,
          failure.kind == .conflict || failure.cause is Interference
        else { throw error }
      }
      if let deadline, deadline <= MonotonicClock.nanoseconds { break }
    }
    throw .failed(StoreFailure(.conflict, isSafeToRetry: true))
  }

  private static let maximumAttempts = 10
}
