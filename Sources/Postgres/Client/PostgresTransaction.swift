/// An open transaction, valid only inside `withTransaction`.
public struct PostgresTransaction: Sendable {
  let lease: Lease

  /// Runs one statement in the transaction. After an error the server refuses further statements
  /// (`transactionAborted`). Cancellation and the deadline close the connection, and so roll the transaction back.
  @discardableResult
  public nonisolated(nonsending) func query(
    _ statement: Statement, _ parameters: [PostgresValue] = []
  ) async throws(PostgresError) -> PostgresRows {
    try await lease.run(statement, parameters, kind: .prepared)
  }

  /// Writes rows by the statement of a `GroupedWrite`, all at once.
  /// - Returns: the result row for each row, in their order; nil for one that conflicted with a concurrent transaction.
  /// - Throws: as `query`.
  public nonisolated(nonsending) func write(
    _ group: GroupedWrite, rows: [[PostgresValue]]
  ) async throws(PostgresError) -> [PostgresRow?] {
    if rows.isEmpty { return [] }
    return try GroupedWrite.outcomes(
      try await query(group.statement, try GroupedWrite.columns(rows)), of: rows.count)
  }

  /// Runs `COPY table (columns) FROM STDIN (FORMAT binary)`. The rows are in memory, once more in libpq's while they
  /// are sent: keep them to a few megabytes.
  /// - Returns: how many rows were copied.
  /// - Throws: as `query`. A row that violates a constraint fails the whole transaction.
  @discardableResult
  public nonisolated(nonsending) func copy(
    _ statement: Statement, _ rows: CopyRows
  ) async throws(PostgresError) -> Int {
    try await lease.run(statement, [], kind: .script, copy: rows).affected
  }
}

/// A connection that nobody else uses, valid only inside `withConnection`.
public struct PostgresLease: Sendable {
  let lease: Lease

  /// Runs one statement, in a transaction of its own unless one was begun. Cancellation and the deadline close the
  /// connection.
  @discardableResult
  public nonisolated(nonsending) func query(
    _ statement: Statement, _ parameters: [PostgresValue] = []
  ) async throws(PostgresError) -> PostgresRows {
    try await lease.run(statement, parameters, kind: .prepared)
  }

  /// Runs SQL text of one or more commands, without parameters; together they are one transaction, unless they say
  /// otherwise. Never put values into it.
  /// - Returns: the rows of the last command that has rows, in text format.
  @discardableResult
  public nonisolated(nonsending) func execute(
    _ name: String, script: String
  ) async throws(PostgresError) -> PostgresRows {
    try await lease.run(Statement(name, script), [], kind: .script)
  }
}
