import EventLoop
import Primitives

/// A transaction's isolation level. https://www.postgresql.org/docs/15/transaction-iso.html
public enum TransactionIsolation: String, Sendable {
  case readCommitted = "READ COMMITTED"
  case repeatableRead = "REPEATABLE READ"
  case serializable = "SERIALIZABLE"
}

extension PostgresClient {
  /// Runs `body` in a transaction on a leased connection. Commits when `body` returns, rolls back when it throws.
  ///
  /// A task can hold one lease of a client at a time: `body` gets `nestedLease` if it asks this client for another. It
  /// may call the client's `query`, but that statement is not part of the transaction. If the deadline passes or the
  /// task is cancelled while a statement runs, the client closes the connection, which rolls the transaction back.
  /// Cancelling the task does not interrupt the COMMIT.
  ///
  /// - Parameter deadline: CLOCK_MONOTONIC in nanoseconds. Covers the wait for a connection, all statements and the
  ///   commit together; the server's statement_timeout is set to the time left. nil: `defaultTimeout` for the wait and
  ///   for each statement.
  /// - Throws: what `body` throws, and `PostgresError`. If the connection is lost during COMMIT, it is unknown whether
  ///   the commit took effect: `connectionLost`, `cancelled` and `deadlineExceeded` are then not safe to retry.
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
      // Not cancellable: the caller needs to know whether the transaction was committed.
      let rows = try await lease.run(.commit, [], kind: .script, isCancellable: false)
      // The server answers COMMIT of a failed transaction with the command tag ROLLBACK, not with an error.
      guard rows.commandTag == "COMMIT" else {
        throw PostgresError(.transactionRolledBack, "The transaction had failed, and was rolled back.")
      }
      return value
    }
  }

  /// Leases a connection to `body` for work that needs session state, such as session locks or settings. Closes the
  /// connection afterwards, so that no session state reaches its next holder.
  ///
  /// If the deadline passes or the task is cancelled while a statement runs, the client closes the connection.
  /// - Parameters:
  ///   - deadline: CLOCK_MONOTONIC in nanoseconds, for the wait for a connection and all statements together; nil:
  ///     `defaultTimeout` for each.
  /// - Throws: what `body` throws, and `PostgresError`, such as `nestedLease`.
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
    let client = currentOrNext()
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
    if case .failure(let error) = answer { throw await Self.errorAfterYield(error, deadline) }
    return try answer.get()
  }

  /// The statement_timeout for a transaction with this deadline: the time left, at least 1 ms and at most the
  /// configured `statementTimeout`. nil if there is no deadline.
  private func remainingMilliseconds(_ deadline: UInt64?) -> Int32? {
    guard let deadline, deadline != .max else { return nil }
    let now = MonotonicClock.nanoseconds
    let left = Duration.nanoseconds(Int64(clamping: deadline > now ? deadline - now : 0))
    return max(1, min(left, statementTimeout).wholeMilliseconds)
  }
}
