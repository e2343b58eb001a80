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
