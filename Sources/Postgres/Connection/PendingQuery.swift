import EventLoop

/// One statement in progress: what to run, who waits for the answer, and how far it got.
///
/// It answers its caller exactly once, whatever happens first: the result, the deadline, cancellation, a lost
/// connection or shutdown. A result that comes after the answer is dropped.
// @unchecked Sendable: made by the caller, then owned by the loop that it was submitted to.
final class PendingQuery: @unchecked Sendable {
  typealias Answer = Result<PostgresRows, PostgresError>
  typealias Continuation = UnsafeContinuation<Answer, Never>

  enum Kind {
    /// A prepared statement with parameters.
    case prepared
    /// SQL text of one or more commands, by the simple query protocol. Only on leased connections.
    case script
  }

  let statement: Statement
  let parameters: [PostgresValue]
  let kind: Kind
  /// The lookup that it belongs to, if any, and its key.
  let lookup: Lookup?
  let key: UInt128
  /// The lookups that it answers. If there are any, it has no caller of its own.
  let lookups: [PendingQuery]
  /// The limits to set before it runs; nil: those of the session.
  let limits: ServerLimits?
  /// What runs before it, in the same transaction.
  let preludes: [BoundStatement]
  /// It runs inside a transaction that other statements begin and end.
  let isInTransaction: Bool
  /// The rows that a script, COPY FROM STDIN, asks for.
  var copy: CopyRows?
  /// CLOCK_MONOTONIC in nanoseconds; `UInt64.max` is never.
  @exclusivity(unchecked) var deadline: UInt64
  @exclusivity(unchecked) private var continuation: Continuation?
  /// For the client's own statements: called on the loop instead of a continuation.
  @exclusivity(unchecked) private var completion: ((Answer) -> Void)?
  @exclusivity(unchecked) private(set) var isAnswered = false

  /// When it was submitted, by the loop's clock.
  @exclusivity(unchecked) var submittedAt: UInt64 = 0
  /// Parts of it may have reached the server.
  @exclusivity(unchecked) var isSent = false
  /// It has a Sync of its own.
  @exclusivity(unchecked) var hasOwnSync = false
  /// When its connection was first lost; another one then got it.
  var firstLossAt: UInt64?
  /// It was sent again because the prepared statement was stale.
  var wasReprepared = false
  /// Its statement was prepared for it when it was last sent.
  var didPrepare = false
  /// The name it was last prepared or executed under.
  @exclusivity(unchecked) var serverName = ""
  /// Its rows, until the Sync says they are committed.
  @exclusivity(unchecked) var heldRows: PostgresRows?
  var preparationError: PostgresError?

  init(
    _ statement: Statement, _ parameters: [PostgresValue], kind: Kind = .prepared, deadline: UInt64,
    limits: ServerLimits? = nil, preludes: [BoundStatement] = [], isInTransaction: Bool = false
  ) {
    self.statement = statement
    self.parameters = parameters
    self.kind = kind
    self.deadline = deadline
    self.limits = limits
    self.preludes = preludes
    self.isInTransaction = isInTransaction
    (lookup, key, lookups) = (nil, 0, [])
  }

  init(_ lookup: Lookup, _ key: UInt128, deadline: UInt64) {
    statement = lookup.one
    parameters = [.uuid(UInt64(truncatingIfNeeded: key >> 64), UInt64(truncatingIfNeeded: key))]
    kind = .prepared
    self.deadline = deadline
    (limits, preludes, isInTransaction) = (nil, [], false)
    (self.lookup, self.key, lookups) = (lookup, key, [])
  }

  /// A query for several lookups. Each lookup keeps its own deadline and cancellation.
  init(_ statement: Statement, _ parameters: [PostgresValue], standingFor lookups: [PendingQuery]) {
    self.statement = statement
    self.parameters = parameters
    kind = .prepared
    deadline = .max
    (limits, preludes, isInTransaction) = (nil, [], false)
    submittedAt = lookups[0].submittedAt
    (lookup, key, self.lookups) = (nil, 0, lookups)
    for lookup in lookups { lookup.isSent = true }
  }

  deinit { assert(continuation == nil && completion == nil, "a query was dropped without an answer") }

  /// Running it a second time does no harm.
  var isSafeToRetry: Bool { statement.isReadOnly || !isSent }

  /// Stores the continuation of the waiting caller. Call it once, on the loop.
  /// - Returns: false if the caller's task was cancelled first; the caller has then been answered.
  func begin(_ continuation: Continuation, now: UInt64) -> Bool {
    submittedAt = now
    if isAnswered {
      continuation.resume(returning: .failure(Self.cancelled(statement, isSafeToRetry: true)))
      return false
    }
    self.continuation = continuation
    return true
  }

  /// Begins a statement of the client's own. Call it on the loop.
  func begin(now: UInt64, _ completion: @escaping (Answer) -> Void) {
    submittedAt = now
    self.completion = completion
  }

  func succeed(_ rows: PostgresRows) { answer(.success(rows)) }
  func fail(_ error: PostgresError) { answer(.failure(error)) }

  private func answer(_ answer: Answer) {
    guard !isAnswered else { return }
    isAnswered = true
    heldRows = nil
    if let continuation {
      self.continuation = nil
      continuation.resume(returning: answer)
    }
    if let completion {
      self.completion = nil
      completion(answer)
    }
    guard !lookups.isEmpty else { return }
    do throws(PostgresError) {
      try Lookup.distribute(try answer.get(), to: lookups)
    } catch {
      for lookup in lookups { lookup.fail(error) }
    }
  }

  /// The caller's task was cancelled.
  func cancel() { fail(Self.cancelled(statement, isSafeToRetry: isSafeToRetry)) }

  /// The deadline passed.
  func expire() {
    let stage =
      isSent ? "while the database was running the statement" : "while the statement waited for a database connection"
    fail(
      PostgresError(
        .deadlineExceeded, "The deadline passed \(stage).", statement: statement.name, isSafeToRetry: isSafeToRetry))
  }

  private static func cancelled(_ statement: Statement, isSafeToRetry: Bool) -> PostgresError {
    PostgresError(.cancelled, "The call was cancelled.", statement: statement.name, isSafeToRetry: isSafeToRetry)
  }
}
