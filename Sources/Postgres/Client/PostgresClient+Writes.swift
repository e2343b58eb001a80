import EventLoop

extension PostgresClient {
  /// Runs one statement that changes data, in a transaction of its own; or after others, in one transaction and one
  /// round trip.
  ///
  /// The write waits inside the process while another write of the same loop holds one of its keys. After a deadlock
  /// (SQLSTATE 40P01), a serialization failure (40001) or a lock timeout it is tried again, as long as the deadline
  /// allows. The server gives up shortly before the deadline. When the task is cancelled, the caller is answered at
  /// once, and the server is asked to cancel the statement if its deadline is still some time away.
  /// - Parameters:
  ///   - preludes: statements that run before it. Their rows are dropped; if one fails, none has an effect.
  ///   - keys: the rows and unique values that the statements change.
  ///   - priority: `.reserved` for a write that must succeed even while locks hold up all others.
  ///   - deadline: CLOCK_MONOTONIC in nanoseconds; nil: `defaultTimeout` from now.
  /// - Throws: `PostgresError`; if `isSafeToRetry` is true, nothing was changed.
  public nonisolated(nonsending) func write(
    _ statement: Statement, _ parameters: [PostgresValue] = [], after preludes: [BoundStatement] = [],
    keys: [WriteKey] = [], priority: WritePriority = .normal, deadline: UInt64? = nil
  ) async throws(PostgresError) -> PostgresRows {
    let client = currentOrNext()
    let write = PendingWrite(
      .single(statement, parameters, after: preludes), keys: keys, priority: priority, isAlone: true,
      deadline: effective(deadline, on: client))
    return try await run(write, on: client, deadline)
  }

  /// Writes one row. It may share a statement and a commit with other rows of the same `GroupedWrite` that are
  /// submitted while earlier groups are in flight. Otherwise as `write(_:_:after:keys:priority:deadline:)`, with normal
  /// priority.
  /// - Parameters:
  ///   - row: the values of the row's columns, in the order of the statement's arrays.
  ///   - isAlone: send the row in a statement of its own. Needed if it can conflict on more than one unique key,
  ///     because the group's sort order then can't prevent deadlocks.
  /// - Returns: the result row for this row.
  /// - Throws: `PostgresError`; if `isSafeToRetry` is true, nothing was changed.
  public nonisolated(nonsending) func write(
    _ group: GroupedWrite, row: [PostgresValue], keys: [WriteKey] = [], isAlone: Bool = false, deadline: UInt64? = nil
  ) async throws(PostgresError) -> PostgresRow {
    let client = currentOrNext()
    let write = PendingWrite(
      .row(group, row), keys: keys, priority: .normal, isAlone: isAlone, deadline: effective(deadline, on: client))
    guard let row = try await run(write, on: client, deadline).first else {
      throw PostgresError(
        .protocolViolation, "The database returned no row for the write.", statement: write.statement.name)
    }
    return row
  }

  @inline(__always)
  private nonisolated(nonsending) func run(
    _ write: PendingWrite, on client: LoopClient, _ deadline: UInt64?
  ) async throws(PostgresError) -> PostgresRows {
    try Self.checkCancellation(write.statement.name)
    let answer = await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        if client.loop.isCurrent {
          client.submit(write, continuation)
        } else {
          client.loop.execute { client.submit(write, continuation) }
        }
      }
    } onCancel: {
      client.loop.execute { client.cancel(write) }
    }
    if case .failure(let error) = answer { throw await Self.errorAfterYield(error, deadline) }
    return try answer.get()
  }
}
