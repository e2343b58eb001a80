import EventLoop
import Primitives
import Synchronization

/// A caller that waits for a lease.
// @unchecked Sendable: made by the caller, then owned by the loop that it was submitted to.
final class LeaseWaiter: ConnectionWaiter, @unchecked Sendable {
  typealias Answer = Result<Lease, PostgresError>
  typealias Continuation = UnsafeContinuation<Answer, Never>

  /// The first statement. It shows that the connection works and takes writes, and begins the transaction.
  let opening: Statement
  let deadline: UInt64
  /// The deadline of each statement on the lease; nil: the default timeout for each.
  let statementDeadline: UInt64?
  /// The session is used in ways that outlive a transaction: it is closed afterwards.
  let closesSession: Bool
  private var continuation: Continuation?
  private(set) var isAnswered = false

  init(opening: Statement, deadline: UInt64, statementDeadline: UInt64?, closesSession: Bool) {
    self.opening = opening
    self.deadline = deadline
    self.statementDeadline = statementDeadline
    self.closesSession = closesSession
  }

  deinit { assert(continuation == nil, "a lease's waiter was dropped without an answer") }

  func begin(_ continuation: Continuation) -> Bool {
    if isAnswered {
      continuation.resume(
        returning: .failure(PostgresError(.cancelled, "The call was cancelled.", isSafeToRetry: true)))
      return false
    }
    self.continuation = continuation
    return true
  }

  override func granted(_ id: Int, by client: LoopClient) {
    answer(
      .success(Lease(id: id, client: client, statementDeadline: statementDeadline, closesSession: closesSession)))
  }

  override func refused(_ error: PostgresError, by client: LoopClient) { fail(error) }

  override func check(of connection: Connection, isFresh: Bool) -> Statement? { opening }

  func fail(_ error: PostgresError) { answer(.failure(error)) }

  private func answer(_ answer: Answer) {
    guard !isAnswered else { return }
    isAnswered = true
    continuation?.resume(returning: answer)
    continuation = nil
  }
}

/// A connection lent to one task.
final class Lease: Sendable {
  let id: Int
  let client: LoopClient
  let statementDeadline: UInt64?
  let closesSession: Bool

  init(id: Int, client: LoopClient, statementDeadline: UInt64?, closesSession: Bool) {
    self.id = id
    self.client = client
    self.statementDeadline = statementDeadline
    self.closesSession = closesSession
  }

  private func deadline(from now: UInt64) -> UInt64 {
    statementDeadline ?? now.saturatingAdd(client.settings.configuration.defaultTimeout.clampedNanoseconds)
  }

  var hasExpired: Bool { statementDeadline.map { $0 <= MonotonicClock.nanoseconds } ?? false }

  /// Runs a statement, or a script, on the connection. Cancellation and the deadline answer at once and close the
  /// connection.
  nonisolated(nonsending) func run(
    _ statement: Statement, _ parameters: [PostgresValue], kind: PendingQuery.Kind, copy: CopyRows? = nil,
    isCancellable: Bool = true
  ) async throws(PostgresError) -> PostgresRows {
    let request = PendingQuery(
      statement, parameters, kind: kind, deadline: deadline(from: MonotonicClock.nanoseconds), isInTransaction: true)
    request.copy = copy
    guard isCancellable else { return try await told(submit(request)) }
    try PostgresClient.checkCancellation(statement.name)
    let answer = await withTaskCancellationHandler {
      await submit(request)
    } onCancel: {
      client.loop.execute { [self] in client.cancel(request, on: id) }
    }
    return try told(answer)
  }

  private func told(_ answer: PendingQuery.Answer) throws(PostgresError) -> PostgresRows {
    try answer.mapError { $0.seen(by: statementDeadline) }.get()
  }

  private nonisolated(nonsending) func submit(_ request: PendingQuery) async -> PendingQuery.Answer {
    await withUnsafeContinuation { continuation in
      if client.loop.isCurrent {
        client.submit(request, on: id, continuation)
      } else {
        client.loop.execute { [self] in client.submit(request, on: id, continuation) }
      }
    }
  }

  /// Gives the connection back, after rolling back what is open. Returns at once.
  func release() {
    client.loop.execute { [self] in client.release(self) }
  }
}

/// Marks the task that holds a lease of a client: a second one could wait for the first.
final class LeaseMarker: Sendable {
  @TaskLocal static var current: LeaseMarker?

  private let client: ObjectIdentifier
  private let outer: LeaseMarker?
  private let isHeld = Atomic(true)

  init(client: ObjectIdentifier, outer: LeaseMarker?) {
    self.client = client
    self.outer = outer
  }

  /// Call it when the lease ends: tasks that the holder started may outlive it.
  func end() { isHeld.store(false, ordering: .relaxed) }

  func holdsLease(of client: ObjectIdentifier) -> Bool {
    if self.client == client && isHeld.load(ordering: .relaxed) { return true }
    return outer?.holdsLease(of: client) ?? false
  }
}
