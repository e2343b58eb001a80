import Postgres
import UserService

extension StoreError {
  /// What an error of Postgres means to the service: the one place that knows.
  init(_ error: PostgresError) {
    self = StoreRefusal(error).map { .refused($0) } ?? .failed(StoreFailure(error))
  }
}

extension StoreRefusal {
  /// Another user has the value of one of the table's own unique indexes. Nil for every other error.
  init?(_ error: PostgresError) {
    guard error.code == .uniqueViolation else { return nil }
    switch error.constraint {
    case "users_pkey": self = .alreadyExists(.id)
    case "users_email_normalized_key": self = .alreadyExists(.email)
    default: return nil
    }
  }
}

extension StoreFailure {
  /// A code that is not here is `internal`.
  private static let kinds: [PostgresError.Code: Kind] = [
    .cancelled: .cancelled,
    .deadlineExceeded: .deadlineExceeded,
    .queryCancelled: .deadlineExceeded,
    .timedOut: .unavailable,
    .unavailable: .unavailable,
    .connectionLost: .unavailable,
    .connectionFailed: .unavailable,
    .shutDown: .unavailable,
    .serverShuttingDown: .unavailable,
    .serverStarting: .unavailable,
    .readOnlyServer: .readOnly,
    .queueFull: .overloaded,
    .tooManyConnections: .overloaded,
    .insufficientResources: .overloaded,
    .serializationFailure: .conflict,
    .deadlockDetected: .conflict,
    .transactionRolledBack: .conflict,
    .lockNotAvailable: .conflict,
  ]

  init(_ error: PostgresError) {
    let kind = Self.kinds[error.code] ?? .internal
    // While the database is unreachable or the queue is full, the client logs that once, and not for each call.
    let needsLogLine = kind == .internal || (kind == .overloaded && error.sqlState != nil)
    self.init(kind, isSafeToRetry: error.isSafeToRetry, cause: needsLogLine ? error : nil)
  }
}
