import EventLoop

/// How a transaction sees others; https://www.postgresql.org/docs/15/transaction-iso.html
public enum TransactionIsolation: String, Sendable {
  case readCommitted = "READ COMMITTED"
  case repeatableRead = "REPEATABLE READ"
  case serializable = "SERIALIZABLE"
}

extension PostgresClient {
  /// Runs `body` in a transaction on a connection of its own: committed when it returns, rolled back when it throws.
  ///
  /// One lease a task: taking another inside `body`, from this client, throws `nestedLease`; `query` may be used there,
  /// but it is not part of the transaction. If the deadline passes or the task is cancelled while a statement runs, the
  /// connection is closed and the transaction rolled back.
  ///
  /// - Parameter deadline: CLOCK_MONOTONIC in nanoseconds, for the waiting, all statements and the commit together; the
  ///   server's statement_timeout is set to what is left. nil: `defaultTimeout` for the waiting and for each statement.
  /// - Throws: what `body` throws, and `PostgresError`. If the connection is lost during COMMIT, nobody can tell
  ///   whether it took effect: `connectionLost`, `cancelled` and `deadlineExceeded` are then not safe to retry.
  public nonisolated(nonsending) func withTransaction<T: Sendable>(
    isolation: TransactionIsolation = .readCommitted, isReadOnly: Bool = false, deadline: UInt64? = nil,
    _ body: nonisolated(nonsending) (PostgresTransaction) async throws -> T
  ) async throws -> T {
    var opening = "\(Statement.ping.sql); BEGIN ISOLATION LEVEL \(isolation.rawValue)\(isReadOnly ? " READ ONLY" : "")"
    if let milliseconds = remainingMilliseconds(deadline) {
      opening += "; SET LOCAL statement_timeout = \(milliseconds)"
    }
    return try await withLease(Statement("BEGIN", opening), deadline: deadline, closesSession: false) { lease in
      let value = try await body(PostgresTransaction(lease: lease))
      guard !lease.hasExpired else {
        throw PostgresError(.deadlineExceeded, "The deadline passed before the transaction was committed.")
      }
      // Not cancellable: whoever waits for a commit wants to know how it ended.
      let rows = try await lease.run(.commit, [], kind: .script, isCancellable: false)
      // COMMIT of a failed transaction is answered with ROLLBACK, and not as an error.
      guard rows.commandTag == "COMMIT" else {
        throw PostgresError(.transactionRolledBack, "The transaction had failed, and was rolled back.")
      }
      return value
    }
  }

  /// Lends a connection for what belongs to a session: locks, settings. The session is closed afterwards, so that
  /// nothing of it reaches others.
  /// - Parameters:
  ///   - deadline: CLOCK_MONOTONIC in nanoseconds, for the waiting and all statements; nil: `defaultTimeout` for each.
  public nonisolated(nonsending) func withConnection<T: Sendable>(
    deadline: UInt64? = nil, _ body: nonisolated(nonsending) (PostgresLease) async throws -> T
  ) async throws -> T {
    try await withLease(.ping, deadline: deadline, closesSession: true) { lease in
      try await body(PostgresLease(lease: lease))
    }
  }

  private nonisolated(nonsending) func withLease<T: Sendable>(
    _ opening: Statement, deadline: UInt64?, closesSession: Bool,
    _ body: nonisolated(nonsending) (Lease) async throws -> T
  ) async throws -> T {
    let identity = ObjectIdentifier(self)
    let outer = LeaseMarker.current
    if let outer, outer.holdsLease(of: identity) {
      throw PostgresError(
        .nestedLease, "The task already holds a connection: use it, or end its transaction first.", isSafeToRetry: true)
    }
    let lease = try await acquire(opening, deadline: deadline, closesSession: closesSession)
    let marker = LeaseMarker(client: identity, outer: outer)
    defer {
      marker.end()
      lease.release()
    }
    return try await LeaseMarker.$current.withValue(marker) { try await body(lease) }
  }

  private nonisolated(nonsending) func acquire(
    _ opening: Statement, deadline: UInt64?, closesSession: Bool
  ) async throws(PostgresError) -> Lease {
    try Self.checkCancellation(nil)
    let client = nearest()
    let waiter = LeaseWaiter(
      opening: opening, deadline: effective(deadline, on: client), statementDeadline: deadline,
      closesSession: closesSession)
    let answer = await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        if client.loop.isCurrent {
          client.acquire(waiter, continuation)
        } else {
          client.loop.execute { client.acquire(waiter, continuation) }
        }
      }
    } onCancel: {
      client.loop.execute { client.cancel(waiter) }
    }
    if case .failure(let error) = answer { throw await Self.settled(error, deadline) }
    return try answer.get()
  }

  /// What the server gets to know of the deadline: less than its own timeout, at least a millisecond.
  private func remainingMilliseconds(_ deadline: UInt64?) -> Int32? {
    guard let deadline, deadline != .max else { return nil }
    let now = MonotonicClock.nanoseconds
    let left = Duration.nanoseconds(Int64(clamping: deadline > now ? deadline - now : 0))
    return max(1, min(left, statementTimeout).wholeMilliseconds)
  }
}
