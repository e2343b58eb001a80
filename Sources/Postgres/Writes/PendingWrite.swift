import EventLoop
import Primitives

/// One write in progress: the statement, the caller waiting for the answer, and the state of its attempts.
///
/// It answers its caller exactly once. An attempt still running when the caller has been answered ends by itself,
/// within the statement_timeout that the server was given for it.
// @unchecked Sendable: the caller makes it; from submission on it is owned by the loop it was submitted to.
final class PendingWrite: ScheduledWrite, @unchecked Sendable {
  typealias Answer = Result<PostgresRows, PostgresError>
  typealias Continuation = UnsafeContinuation<Answer, Never>

  enum Work {
    /// One statement, after others in the same transaction.
    case single(Statement, [PostgresValue], after: [BoundStatement])
    /// One row of a grouped write.
    case row(GroupedWrite, [PostgresValue])
  }

  let work: Work
  let keys: [WriteKey]
  let priority: WritePriority
  /// CLOCK_MONOTONIC in nanoseconds; `UInt64.max` means never.
  let deadline: UInt64
  private var continuation: Continuation?
  private(set) var isAnswered = false

  // State that the scheduler keeps (see `ScheduledWrite`).
  var missingKeys = 0
  var isSlow = false
  var stage = WriteStage.waitingForKeys
  /// Send it as a statement of its own, even if it is a row of a grouped write.
  var isAlone: Bool

  // Attempts.
  /// The current attempt, if any.
  var attempt: WriteAttempt?
  /// The delay before the next attempt.
  var retryBackoff = Backoff(first: .milliseconds(2), limit: .milliseconds(250))
  /// It was already sent again because its prepared statement was stale; that is done only once.
  var wasReprepared = false

  init(_ work: Work, keys: [WriteKey], priority: WritePriority, isAlone: Bool, deadline: UInt64) {
    self.work = work
    // A write that named a key twice would wait for itself.
    self.keys = keys.count > 1 ? Array(Set(keys)) : keys
    self.priority = priority
    self.isAlone = isAlone
    self.deadline = deadline
  }

  deinit { assert(continuation == nil, "a write was dropped without an answer") }

  var statement: Statement {
    switch work {
    case .single(let statement, _, _): statement
    case .row(let group, _): group.statement
    }
  }

  /// What runs before the statement, in the same transaction.
  var preludes: [BoundStatement] { if case .single(_, _, let preludes) = work { preludes } else { [] } }

  var groupName: String? {
    if case .row(let group, _) = work, !isAlone { group.statement.name } else { nil }
  }

  /// Stores the continuation of the waiting caller. Call it once, on the loop.
  /// - Returns: false if the caller's task was cancelled first; the caller has then been answered.
  func begin(_ continuation: Continuation) -> Bool {
    if isAnswered {
      continuation.resume(returning: .failure(cancelled(isSafeToRetry: true)))
      return false
    }
    self.continuation = continuation
    return true
  }

  func succeed(_ rows: PostgresRows) { answer(.success(rows)) }

  func fail(_ error: PostgresError) {
    answer(.failure(error.with(statement: statement.name, isSafeToRetry: error.isSafeToRetry)))
  }

  private func answer(_ answer: Answer) {
    guard !isAnswered else { return }
    isAnswered = true
    continuation?.resume(returning: answer)
    continuation = nil
  }

  /// The write can't have changed anything: the current attempt, if there is one, has not been sent.
  private var isWithoutEffect: Bool { attempt?.query?.isSent != true }

  /// Answers a caller whose task was cancelled.
  func cancel() { fail(cancelled(isSafeToRetry: isWithoutEffect)) }

  /// Answers a caller whose deadline has passed.
  func expire() {
    let stage = isWithoutEffect ? "while the write was queued" : "while the database was running the write"
    fail(PostgresError(.deadlineExceeded, "The deadline passed \(stage).", isSafeToRetry: isWithoutEffect))
  }

  private func cancelled(isSafeToRetry: Bool) -> PostgresError {
    PostgresError(.cancelled, "The call was cancelled.", statement: statement.name, isSafeToRetry: isSafeToRetry)
  }
}
