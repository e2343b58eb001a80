/// The one table from SQLSTATE to `PostgresError.Code`.
/// https://www.postgresql.org/docs/15/errcodes-appendix.html
enum SQLState {
  /// Whole states, looked up first.
  static let states: [String: PostgresError.Code] = [
    "0A000": .featureNotSupported,
    "23502": .notNullViolation,
    "23503": .foreignKeyViolation,
    "23505": .uniqueViolation,
    "23514": .checkViolation,
    "23P01": .exclusionViolation,
    "25006": .readOnlyServer,
    "25P02": .transactionAborted,
    "25P03": .serverShuttingDown,  // idle_in_transaction_session_timeout ended the session
    "26000": .undefinedStatement,
    "3D000": .databaseNotFound,
    "3F000": .undefinedObject,
    "40001": .serializationFailure,
    "40P01": .deadlockDetected,
    "42501": .insufficientPrivilege,
    "42601": .syntaxError,
    "42703": .undefinedObject,
    "42704": .undefinedObject,
    "42883": .undefinedObject,
    "42P01": .undefinedObject,
    "42P05": .duplicateStatement,
    "53300": .tooManyConnections,
    "55P03": .lockNotAvailable,
    "57014": .queryCancelled,
    "57P01": .serverShuttingDown,
    "57P02": .serverShuttingDown,
    "57P03": .serverStarting,
    "57P04": .databaseNotFound,
    "57P05": .serverShuttingDown,  // idle_session_timeout ended the session
    "P0001": .raised,
  ]

  /// Classes, the first two characters, for the rest.
  static let classes: [String: PostgresError.Code] = [
    "08": .connectionFailed,
    "0A": .featureNotSupported,
    "22": .dataInvalid,
    "23": .integrityViolation,
    "25": .invalidTransactionState,
    "26": .undefinedStatement,
    "28": .invalidAuthorization,
    "40": .transactionRolledBack,
    "42": .syntaxError,
    "53": .insufficientResources,
    "54": .programLimitExceeded,
    "55": .objectState,
    "57": .serverShuttingDown,
    "58": .systemError,
  ]

  static func code(_ state: String) -> PostgresError.Code {
    states[state] ?? classes[String(state.prefix(2))] ?? .serverError
  }

  /// After these the connection is of no further use, whatever the statement was.
  static func isFatalToConnection(_ code: PostgresError.Code) -> Bool {
    switch code {
    case .serverShuttingDown, .serverStarting, .connectionFailed, .readOnlyServer: true
    default: false
    }
  }

  /// The prepared statement is no longer what the server has: "cached plan must not change result type", or it is
  /// unknown. Both are found before the statement runs.
  static func isStaleStatement(_ state: String?) -> Bool { state == "0A000" || state == "26000" }
}
