import TestSupport
import Testing
import UserService

@testable import Postgres
@testable import PostgresUserStore

/// The one table from errors of Postgres to those of a store.
@Suite struct PostgresErrorTests {
  @Test(
    arguments: [
      (.cancelled, .cancelled), (.deadlineExceeded, .deadlineExceeded), (.queryCancelled, .deadlineExceeded),
      (.timedOut, .unavailable), (.unavailable, .unavailable), (.connectionLost, .unavailable),
      (.connectionFailed, .unavailable), (.shutDown, .unavailable), (.serverShuttingDown, .unavailable),
      (.serverStarting, .unavailable), (.readOnlyServer, .readOnly), (.queueFull, .overloaded),
      (.tooManyConnections, .overloaded), (.insufficientResources, .overloaded), (.serializationFailure, .conflict),
      (.deadlockDetected, .conflict), (.transactionRolledBack, .conflict), (.lockNotAvailable, .conflict),
      (.undefinedObject, .internal), (.insufficientPrivilege, .internal), (.uniqueViolation, .internal),
      (.decodingFailed, .internal),
    ] as [(PostgresError.Code, StoreFailure.Kind)], [false, true])
  func failures(of pair: (code: PostgresError.Code, kind: StoreFailure.Kind), isSafeToRetry: Bool) throws {
    let error = StoreError(PostgresError(pair.code, "words", isSafeToRetry: isSafeToRetry))
    guard case .failed(let failure) = error else { throw TestFailure("\(error)") }
    #expect(failure.kind == pair.kind && failure.isSafeToRetry == isSafeToRetry)
    // The log has what nobody else tells.
    #expect((failure.cause is PostgresError) == (pair.kind == .internal))
  }

  /// What the server itself says of a shortage is logged; a full queue of the client's own is not, call by call.
  @Test func theServersShortageIsLogged() throws {
    var fields = PostgresError.ServerFields()
    fields.sqlState = "53300"
    let error = StoreError(PostgresError(.tooManyConnections, "words", server: fields))
    guard case .failed(let failure) = error else { throw TestFailure("\(error)") }
    #expect(failure.kind == .overloaded && failure.cause is PostgresError)
  }

  @Test(arguments: [
    ("users_pkey", StoreRefusal.alreadyExists(.id)), ("users_email_normalized_key", .alreadyExists(.email)),
    ("another_key", nil),
  ])
  func violatedIndexes(constraint: String, refusal: StoreRefusal?) {
    var fields = PostgresError.ServerFields()
    fields.constraint = constraint
    #expect(StoreRefusal(PostgresError(.uniqueViolation, "words", server: fields)) == refusal)
    #expect(StoreRefusal(PostgresError(.checkViolation, "words", server: fields)) == nil)
  }
}
