import Testing

@testable import Postgres

@Suite struct ErrorTests {
  @Test(arguments: [
    ("0A000", PostgresError.Code.featureNotSupported), ("0A001", .featureNotSupported),
    ("08000", .connectionFailed), ("08001", .connectionFailed), ("08003", .connectionFailed),
    ("08004", .connectionFailed), ("08006", .connectionFailed), ("08P01", .connectionFailed),
    ("22001", .dataInvalid), ("22003", .dataInvalid), ("22007", .dataInvalid), ("22008", .dataInvalid),
    ("22012", .dataInvalid), ("22021", .dataInvalid), ("22P02", .dataInvalid), ("22P03", .dataInvalid),
    ("23000", .integrityViolation), ("23001", .integrityViolation), ("23502", .notNullViolation),
    ("23503", .foreignKeyViolation), ("23505", .uniqueViolation), ("23514", .checkViolation),
    ("23P01", .exclusionViolation), ("25001", .invalidTransactionState), ("25006", .readOnlyServer),
    ("25P02", .transactionAborted), ("25P03", .serverShuttingDown), ("26000", .undefinedStatement),
    ("28000", .invalidAuthorization), ("28P01", .invalidAuthorization), ("3D000", .databaseNotFound),
    ("3F000", .undefinedObject), ("40000", .transactionRolledBack), ("40001", .serializationFailure),
    ("40002", .transactionRolledBack), ("40003", .transactionRolledBack), ("40P01", .deadlockDetected),
    ("42501", .insufficientPrivilege), ("42601", .syntaxError), ("42702", .syntaxError), ("42703", .undefinedObject),
    ("42704", .undefinedObject), ("42883", .undefinedObject), ("42P01", .undefinedObject),
    ("42P05", .duplicateStatement), ("53000", .insufficientResources), ("53100", .insufficientResources),
    ("53200", .insufficientResources), ("53300", .tooManyConnections), ("53400", .insufficientResources),
    ("54000", .programLimitExceeded), ("55000", .objectState), ("55006", .objectState), ("55P03", .lockNotAvailable),
    ("57000", .serverShuttingDown), ("57014", .queryCancelled), ("57P01", .serverShuttingDown),
    ("57P02", .serverShuttingDown), ("57P03", .serverStarting), ("57P04", .databaseNotFound),
    ("57P05", .serverShuttingDown), ("58030", .systemError), ("P0001", .raised), ("XX000", .serverError),
    ("", .serverError), ("Z", .serverError),
  ])
  func sqlState(_ state: String, _ code: PostgresError.Code) {
    #expect(SQLState.code(state) == code)
  }

  /// Every row of the table has a case above.
  @Test func tableHasNoBadKeys() {
    #expect(SQLState.states.keys.allSatisfy { $0.utf8.count == 5 })
    #expect(SQLState.classes.keys.allSatisfy { $0.utf8.count == 2 })
  }

  @Test func connectionIsGivenUpForTheRightCodes() {
    for state in ["57P01", "57P02", "57P03", "08006", "25006"] { #expect(SQLState.isFatalToConnection(SQLState.code(state))) }
    for state in ["23505", "40001", "57014", "42P01"] { #expect(!SQLState.isFatalToConnection(SQLState.code(state))) }
  }

  @Test(arguments: [
    ("Key (email)=(a@b.example) already exists.", "Key (email)=(…)"),
    ("Key (a, b)=(1, (2)) is not present in table \"x\".", "Key (a, b)=(…)"),
    ("Failing row contains (1, null, secret).", "Failing row contains (…)"),
    ("Process 1 waits for ShareLock.", "Process 1 waits for ShareLock."),
    ("", ""),
  ])
  func detailLosesValues(_ text: String, _ expected: String) {
    #expect(Redaction.detail(text) == expected)
  }

  @Test func messageLosesValues() {
    let text = "invalid input syntax for type uuid: \"secret\""
    #expect(Redaction.message(text, sqlState: "22P02") == "invalid input syntax for type uuid: …")
    let constraint = "duplicate key value violates unique constraint \"users_email\""
    #expect(Redaction.message(constraint, sqlState: "23505") == constraint)
  }
}
