import Postgres
import RPCCore

/// What callers are told when the database, or the way to it, fails. The one table from `PostgresError` to status; the
/// error itself goes to the log only.
struct DatabaseFailure {
  struct Answer: Sendable, Hashable {
    let code: StatusCode
    let reason: String
    let message: String
    /// When to try again, where trying again is the right thing.
    var retryDelay: Duration?
  }

  static let internalMessage = "The service failed. Its log says why."
  private static let fallback = Answer(code: .internal, reason: "INTERNAL", message: internalMessage)

  private static let away = Answer(
    code: .unavailable, reason: "DATABASE_UNAVAILABLE", message: "The database cannot be reached.",
    retryDelay: .seconds(1))
  /// It may be promoted, or told to take writes again: so it is no failed precondition of the caller's.
  private static let readOnly = Answer(
    code: .unavailable, reason: "DATABASE_READ_ONLY", message: "The database takes no writes at present.",
    retryDelay: .seconds(1))
  private static let late = Answer(
    code: .deadlineExceeded, reason: "DEADLINE_EXCEEDED",
    message: "The deadline passed while waiting for the database.")
  private static let full = Answer(
    code: .resourceExhausted, reason: "DATABASE_OVERLOADED", message: "The database is overloaded.",
    retryDelay: .seconds(1))
  private static let conflict = Answer(
    code: .aborted, reason: "CONCURRENT_CHANGE",
    message: "The call conflicted with another one. Repeat it from its first read.")

  /// What is not here is INTERNAL.
  static let table: [PostgresError.Code: Answer] = [
    .cancelled: Answer(code: .cancelled, reason: "CANCELLED", message: "The call was cancelled."),
    .deadlineExceeded: late,
    .queryCancelled: late,
    .timedOut: away,
    .unavailable: away,
    .connectionLost: away,
    .connectionFailed: away,
    .shutDown: away,
    .serverShuttingDown: away,
    .serverStarting: away,
    .readOnlyServer: readOnly,
    .queueFull: full,
    .tooManyConnections: full,
    .insufficientResources: full,
    .serializationFailure: conflict,
    .deadlockDetected: conflict,
    .transactionRolledBack: conflict,
    .lockNotAvailable: conflict,
  ]

  let error: PostgresError
  let answer: Answer

  init(_ error: PostgresError) {
    self.error = error
    answer = Self.table[error.code] ?? Self.fallback
  }

  var rpcError: RPCError {
    var metadata: [String: String] = [:]
    if answer.code == .deadlineExceeded { metadata["stage"] = "database" }
    // A write whose answer was lost may have happened: say so, for callers that must know.
    if [.unavailable, .deadlineExceeded].contains(answer.code), !error.isSafeToRetry {
      metadata["outcome"] = "unknown"
    }
    var details = [UserServiceError.info(answer.reason, metadata)]
    if let delay = answer.retryDelay { details.append(.retryInfo(delay: delay)) }
    return RPCError(answer.code, answer.message, details: details, cause: isNews ? error : nil)
  }

  /// Whether the log is to have it, call by call. What befalls every call while the database is away or busy is said
  /// once, by the client; what the caller brought about is no failure.
  private var isNews: Bool {
    switch answer.code {
    case .internal: true
    case .resourceExhausted: error.sqlState != nil
    default: false
    }
  }
}
