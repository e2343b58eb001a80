extension PostgresError {
  /// What kind of failure it is. New kinds may be added: always handle the rest.
  public struct Code: Sendable, Hashable, CustomStringConvertible {
    private enum Value: String {
      case cancelled, deadlineExceeded, timedOut, unavailable, queueFull, connectionLost, shutDown, nestedLease,
        invalidParameter
      case decodingFailed, invalidConfiguration, migrationFailed, protocolViolation
      case uniqueViolation, foreignKeyViolation, notNullViolation, checkViolation, exclusionViolation,
        integrityViolation
      case serializationFailure, deadlockDetected, transactionRolledBack, transactionAborted, invalidTransactionState
      case queryCancelled, lockNotAvailable, serverShuttingDown, serverStarting, tooManyConnections,
        insufficientResources
      case connectionFailed, tlsFailed, readOnlyServer, invalidAuthorization, insufficientPrivilege, databaseNotFound
      case undefinedObject, syntaxError, dataInvalid, featureNotSupported, undefinedStatement, duplicateStatement
      case objectState, programLimitExceeded, raised, systemError, serverError
    }
    private let value: Value

    /// The name that logs print.
    public var description: String { value.rawValue }

    // MARK: The client's own

    /// The caller's task was cancelled. The statement may still have run.
    public static let cancelled = Code(value: .cancelled)
    /// The caller's deadline passed; the message names the stage. The statement may still have run.
    public static let deadlineExceeded = Code(value: .deadlineExceeded)
    /// The client's `defaultTimeout` or the server's statement_timeout passed before any deadline of the caller: the
    /// database is blocked, or does not answer. The statement may still have run.
    public static let timedOut = Code(value: .timedOut)
    /// There is no connection: the database is unreachable. Nothing was sent.
    public static let unavailable = Code(value: .unavailable)
    /// The queue of callers that wait for a connection is full. Nothing was sent.
    public static let queueFull = Code(value: .queueFull)
    /// The connection was lost while the statement was running; `isSafeToRetry` says whether it may have had an effect.
    public static let connectionLost = Code(value: .connectionLost)
    /// The client was shut down.
    public static let shutDown = Code(value: .shutDown)
    /// The task already holds a lease. Waiting for a second one could deadlock.
    public static let nestedLease = Code(value: .nestedLease)
    /// A parameter cannot be sent: NUL in text, a time out of range, too many parameters.
    public static let invalidParameter = Code(value: .invalidParameter)
    /// A result is not of the type that was asked for.
    public static let decodingFailed = Code(value: .decodingFailed)
    /// The database URL or a setting cannot be used.
    public static let invalidConfiguration = Code(value: .invalidConfiguration)
    /// The database's migrations are not those of this program, or a migration broke the rules.
    public static let migrationFailed = Code(value: .migrationFailed)
    /// The server's answer breaks the protocol, or a statement used COPY.
    public static let protocolViolation = Code(value: .protocolViolation)

    // MARK: The server's, by SQLSTATE

    /// 23505: another row has the value already.
    public static let uniqueViolation = Code(value: .uniqueViolation)
    /// 23503: a row refers to one that does not exist, or is referred to.
    public static let foreignKeyViolation = Code(value: .foreignKeyViolation)
    /// 23502: a column must have a value.
    public static let notNullViolation = Code(value: .notNullViolation)
    /// 23514: a row does not fulfil a CHECK.
    public static let checkViolation = Code(value: .checkViolation)
    /// 23P01: two rows exclude each other (EXCLUDE).
    public static let exclusionViolation = Code(value: .exclusionViolation)
    /// Another integrity constraint of class 23.
    public static let integrityViolation = Code(value: .integrityViolation)
    /// Run the whole transaction again.
    public static let serializationFailure = Code(value: .serializationFailure)
    /// Run the whole transaction again.
    public static let deadlockDetected = Code(value: .deadlockDetected)
    /// The transaction was rolled back for another reason of class 40, or COMMIT found it failed.
    public static let transactionRolledBack = Code(value: .transactionRolledBack)
    /// A statement was sent in a transaction that had failed before.
    public static let transactionAborted = Code(value: .transactionAborted)
    /// Class 25: the statement can't run in the transaction's state, such as outside of one.
    public static let invalidTransactionState = Code(value: .invalidTransactionState)
    /// statement_timeout, or an administrator's cancel.
    public static let queryCancelled = Code(value: .queryCancelled)
    /// 55P03: another transaction holds the lock for longer than `lock_timeout`, or NOWAIT was asked for.
    public static let lockNotAvailable = Code(value: .lockNotAvailable)
    /// The server, or an administrator, ended the connection.
    public static let serverShuttingDown = Code(value: .serverShuttingDown)
    /// The server is starting up, or recovering.
    public static let serverStarting = Code(value: .serverStarting)
    /// 53300: the server has no connection left.
    public static let tooManyConnections = Code(value: .tooManyConnections)
    /// Out of memory, disk or another limit of class 53.
    public static let insufficientResources = Code(value: .insufficientResources)
    /// Class 08: the connection failed, as the server saw it.
    public static let connectionFailed = Code(value: .connectionFailed)
    /// TLS failed: the server's certificate can't be trusted, or the server rejects the client's.
    public static let tlsFailed = Code(value: .tlsFailed)
    /// The server takes no writes: it is a standby, or was told not to. Nothing was changed.
    public static let readOnlyServer = Code(value: .readOnlyServer)
    /// Class 28: the role or its password is wrong.
    public static let invalidAuthorization = Code(value: .invalidAuthorization)
    /// 42501: the role may not do this.
    public static let insufficientPrivilege = Code(value: .insufficientPrivilege)
    /// 3D000: the server has no such database.
    public static let databaseNotFound = Code(value: .databaseNotFound)
    /// A table, column, function or schema is missing: the schema is older or newer than the program.
    public static let undefinedObject = Code(value: .undefinedObject)
    /// Class 42: the statement is wrong.
    public static let syntaxError = Code(value: .syntaxError)
    /// Class 22: a value does not fit its type.
    public static let dataInvalid = Code(value: .dataInvalid)
    /// Class 0A: this server does not have the feature.
    public static let featureNotSupported = Code(value: .featureNotSupported)
    /// 26000: the connection has no prepared statement of this name, as behind a pooler that changes connections.
    public static let undefinedStatement = Code(value: .undefinedStatement)
    /// 42P05: the connection has a prepared statement of this name already.
    public static let duplicateStatement = Code(value: .duplicateStatement)
    /// Class 55: the object is not in the state that the statement needs.
    public static let objectState = Code(value: .objectState)
    /// Class 54: the statement is too complex, or has too many columns or arguments.
    public static let programLimitExceeded = Code(value: .programLimitExceeded)
    /// RAISE EXCEPTION of a function in the database.
    public static let raised = Code(value: .raised)
    /// Class 58: an error outside Postgres, such as I/O.
    public static let systemError = Code(value: .systemError)
    /// Anything else.
    public static let serverError = Code(value: .serverError)
  }
}
