import EventLoop
import Primitives

/// Why the database, or the connection to it, failed a call.
///
/// It keeps the server's fields, but not the values that Postgres quotes: those are cut out of `detail` and `message`,
/// so that an error can be logged. Decide by `code`; `sqlState` tells apart what `code` doesn't.
public struct PostgresError: Error, Sendable {
  private final class Fields: Sendable {
    let code: Code
    let message: String
    let server: ServerFields?
    let statement: String?
    let isSafeToRetry: Bool

    init(_ code: Code, _ message: String, _ server: ServerFields?, _ statement: String?, _ isSafeToRetry: Bool) {
      self.code = code
      self.message = message
      self.server = server
      self.statement = statement
      self.isSafeToRetry = isSafeToRetry
    }
  }

  /// What the server's ErrorResponse carried.
  /// https://www.postgresql.org/docs/15/protocol-error-fields.html
  struct ServerFields: Sendable, Hashable {
    var sqlState = ""
    var severity: String?
    var detail: String?
    var hint: String?
    var schema: String?
    var table: String?
    var column: String?
    var dataType: String?
    var constraint: String?
    var routine: String?
  }

  private let fields: Fields

  /// What kind of failure it is.
  public var code: Code { fields.code }
  /// One sentence, without values.
  public var message: String { fields.message }
  /// The five characters of the server's SQLSTATE; nil if the server did not say anything.
  public var sqlState: String? { fields.server?.sqlState }
  /// ERROR, FATAL or PANIC, never translated.
  public var severity: String? { fields.server?.severity }
  /// The server's detail, with the values cut out.
  public var detail: String? { fields.server?.detail }
  /// The server's advice.
  public var hint: String? { fields.server?.hint }
  /// The schema of the object that the error is about.
  public var schema: String? { fields.server?.schema }
  /// The table that the error is about.
  public var table: String? { fields.server?.table }
  /// The column that the error is about.
  public var column: String? { fields.server?.column }
  /// The data type that the error is about.
  public var dataType: String? { fields.server?.dataType }
  /// The constraint that was violated, by its name in the schema.
  public var constraint: String? { fields.server?.constraint }
  /// The name of the statement that failed; nil where no single statement did.
  public var statement: String? { fields.statement }
  /// True only if the statement has changed nothing: it was not sent, the server refused and rolled it back, or it is
  /// read-only.
  public var isSafeToRetry: Bool { fields.isSafeToRetry }

  init(
    _ code: Code, _ message: String, server: ServerFields? = nil, statement: String? = nil, isSafeToRetry: Bool = false
  ) {
    fields = Fields(code, message, server, statement, isSafeToRetry)
  }

  /// The error as the caller sees it. When a time limit of the client or the server has ended the call, that is
  /// `deadlineExceeded` only if the caller's own deadline has passed, and `timedOut` otherwise.
  /// - Parameter deadline: the caller's, CLOCK_MONOTONIC in nanoseconds; nil: none.
  func seen(by deadline: UInt64?) -> PostgresError {
    guard code == .deadlineExceeded || code == .queryCancelled else { return self }
    // The server gives up a little before the deadline.
    if let deadline, deadline <= MonotonicClock.nanoseconds.saturatingAdd(100_000_000) { return self }
    return PostgresError(
      .timedOut, "The database did not answer in time.", server: fields.server, statement: statement,
      isSafeToRetry: isSafeToRetry)
  }

  /// The same error with the name of the statement that failed.
  func with(statement: String?, isSafeToRetry: Bool) -> PostgresError {
    PostgresError(code, message, server: fields.server, statement: statement, isSafeToRetry: isSafeToRetry)
  }
}

extension PostgresError: CustomStringConvertible {
  /// For logs: no values.
  public var description: String {
    var text = "\(code): \(message)"
    if let sqlState { text += " [SQLSTATE \(sqlState)]" }
    if let statement { text += " [statement \(statement)]" }
    if let constraint { text += " [constraint \(constraint)]" }
    return text
  }
}
