import CPostgres

extension PostgresError {
  /// The error that a result carries.
  init(result: OpaquePointer, statement: String?, isSafeToRetry: Bool) {
    // Field codes of the ErrorResponse message, as in postgres_ext.h (PG_DIAG_...).
    func field(_ code: Unicode.Scalar) -> String? {
      PQresultErrorField(result, Int32(bitPattern: code.value)).map { String(cString: $0) }
    }
    var server = ServerFields()
    server.sqlState = field("C") ?? ""
    server.severity = field("V") ?? field("S")
    server.detail = field("D").map(Redaction.detail)
    server.hint = field("H")
    server.schema = field("s")
    server.table = field("t")
    server.column = field("c")
    server.dataType = field("d")
    server.constraint = field("n")
    server.routine = field("R")
    let text = field("M") ?? PQresultErrorMessage(result).map { String(cString: $0) } ?? "The server gave no reason."
    self.init(
      SQLState.code(server.sqlState), Redaction.message(text, sqlState: server.sqlState), server: server,
      statement: statement, isSafeToRetry: isSafeToRetry)
  }

  /// What libpq says of a connection, on one line.
  static func message(of connection: OpaquePointer?) -> String {
    guard let text = PQerrorMessage(connection) else { return "no reason given" }
    let lines = String(cString: text).split(separator: "\n").map { $0.trimmingPrefix(while: { $0.isWhitespace }) }
    return lines.isEmpty ? "no reason given" : lines.joined(separator: " ")
  }
}
