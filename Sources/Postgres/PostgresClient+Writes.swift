import EventLoop

extension PostgresClient {
  /// Runs one statement that changes something, in a transaction of its own.
  ///
  /// It waits in the process while another write of the same loop has one of its keys, and is tried again while the
  /// deadline allows it if it meets a deadlock or a conflict (SQLSTATE 40P01, 40001), or a lock. The server is told to
  /// give up shortly before the deadline. Cancellation answers at once, and the server is asked to cancel a statement
  /// that would go on for long.
  /// - Parameters:
  ///   - keys: what it changes.
  ///   - priority: `.reserved` for what must go on when locks hold up everything else.
  ///   - deadline: CLOCK_MONOTONIC in nanoseconds; nil: `defaultTimeout` from now.
  /// - Throws: `PostgresError`; if `isSafeToRetry` is true, nothing was changed.
  public nonisolated(nonsending) func write(
    _ statement: Statement, _ parameters: [PostgresValue] = [], keys: [WriteKey] = [],
    priority: WritePriority = .normal, deadline: UInt64? = nil
  ) async throws(PostgresError) -> PostgresRows {
    let client = nearest()
    let write = PendingWrite(
      .single(statement, parameters), keys: keys, priority: priority, isAlone: true,
      deadline: effective(deadline, on: client))
    return try await run(write, on: client, deadline)
  }

  /// Writes one row, together with others of the same `GroupedWrite` that are asked for while groups of them are under
  /// way. Everything else is as with `write`.
  /// - Parameters:
  ///   - row: the values of its columns, in the order of the statement's arrays.
  ///   - isAlone: it could meet another row in more than one way, in another order than that of the group: it travels
  ///     by itself, so that it can't be part of a deadlock.
  /// - Returns: the row that the statement answers with.
  public nonisolated(nonsending) func write(
    _ group: GroupedWrite, row: [PostgresValue], keys: [WriteKey] = [], isAlone: Bool = false, deadline: UInt64? = nil
  ) async throws(PostgresError) -> PostgresRow {
    let client = nearest()
    let write = PendingWrite(
      .row(group, row), keys: keys, priority: .normal, isAlone: isAlone, deadline: effective(deadline, on: client))
    guard let row = try await run(write, on: client, deadline).first else {
      throw PostgresError(.protocolViolation, "The write had no outcome.", statement: write.statement.name)
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
    if case .failure(let error) = answer { throw await Self.settled(error, deadline) }
    return try answer.get()
  }
}
