import EventLoop

/// One write on its way: what was asked for, who waits for the answer, and which attempts it had.
///
/// It answers its caller exactly once. An attempt that is still under way when the caller has had an answer ends by
/// itself, within the time that the server was given for it.
// @unchecked Sendable: made by the caller, then owned by the loop that it was submitted to.
final class PendingWrite: ScheduledWrite, @unchecked Sendable {
  typealias Answer = Result<PostgresRows, PostgresError>
  typealias Continuation = UnsafeContinuation<Answer, Never>

  enum Work {
    case single(Statement, [PostgresValue])
    /// A row of a grouped write.
    case row(GroupedWrite, [PostgresValue])
  }

  let work: Work
  let keys: [WriteKey]
  let priority: WritePriority
  /// CLOCK_MONOTONIC in nanoseconds; `UInt64.max` is never.
  let deadline: UInt64
  private var continuation: Continuation?
  private(set) var isAnswered = false

  // What the scheduler knows of it.
  var blockers = 0
  var isSlow = false
  var stage = WriteStage.blocked
  /// It travels by itself, though it may be a row of a grouped write.
  var isAlone: Bool

  // What became of its attempts.
  /// The attempt that is under way.
  var unit: WriteUnit?
  /// How long it waits before it goes again.
  var retryBackoff = Backoff(first: .milliseconds(2), limit: .milliseconds(250))
  var wasReprepared = false

  init(_ work: Work, keys: [WriteKey], priority: WritePriority, isAlone: Bool, deadline: UInt64) {
    self.work = work
    // A key that is named twice would wait for itself.
    self.keys = keys.count > 1 ? Array(Set(keys)) : keys
    self.priority = priority
    self.isAlone = isAlone
    self.deadline = deadline
  }

  deinit { assert(continuation == nil, "a write was dropped without an answer") }

  var statement: Statement {
    switch work {
    case .single(let statement, _): statement
    case .row(let group, _): group.statement
    }
  }

  var groupName: String? {
    if case .row(let group, _) = work, !isAlone { group.statement.name } else { nil }
  }

  /// On the loop, once. False if it was answered before it came (cancelled at once).
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

  /// Nothing of it can have an effect: no attempt is under way.
  private var isWithoutEffect: Bool { unit?.query?.isSent != true }

  /// The caller's task was cancelled.
  func cancel() { fail(cancelled(isSafeToRetry: isWithoutEffect)) }

  /// The deadline passed.
  func expire() {
    let stage = isWithoutEffect ? "while it waited for its turn" : "while the database worked on it"
    fail(PostgresError(.deadlineExceeded, "The deadline passed \(stage).", isSafeToRetry: isWithoutEffect))
  }

  private func cancelled(isSafeToRetry: Bool) -> PostgresError {
    PostgresError(.cancelled, "The call was cancelled.", statement: statement.name, isSafeToRetry: isSafeToRetry)
  }
}
