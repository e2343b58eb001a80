import CPostgres
import TestSupport

@testable import Postgres

/// A plain blocking connection beside the client under test: sets things up, looks at them from outside, breaks them.
final class Admin: @unchecked Sendable {
  private let handle: OpaquePointer

  init() throws {
    guard let handle = PQconnectdb(try TestDatabase.url()) else { throw TestFailure("out of memory") }
    guard PQstatus(handle) == CONNECTION_OK else {
      let reason = String(cString: PQerrorMessage(handle))
      PQfinish(handle)
      throw TestFailure("The test database cannot be reached (run `make test`): \(reason)")
    }
    self.handle = handle
    try run("SET client_min_messages = warning")
  }

  deinit { PQfinish(handle) }

  @discardableResult
  func run(_ sql: String) throws -> [[String?]] {
    guard let result = PQexec(handle, sql) else { throw TestFailure("no result") }
    defer { PQclear(result) }
    let status = PQresultStatus(result)
    guard status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK else {
      throw TestFailure(String(cString: PQresultErrorMessage(result)))
    }
    return (0..<PQntuples(result)).map { row in
      (0..<PQnfields(result)).map { column in
        PQgetisnull(result, row, column) == 1 ? nil : String(cString: PQgetvalue(result, row, column))
      }
    }
  }

  /// Ends all connections of one test's client; how many.
  @discardableResult
  func terminate(_ application: String) throws -> Int {
    try run(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '\(application)'"
    ).count
  }

  func connections(_ application: String) throws -> Int {
    try run("SELECT pid FROM pg_stat_activity WHERE application_name = '\(application)'").count
  }
}
