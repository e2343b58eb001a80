import CPostgres

/// Owns one PGresult. A result never changes once libpq has handed it over, so any thread may read it.
// @unchecked Sendable: the pointer is read-only from init to deinit.
final class ResultStorage: @unchecked Sendable {
  let pointer: OpaquePointer
  let rowCount: Int
  let columnCount: Int
  /// The columns are in binary format, not in text. All are in the same one.
  let isBinary: Bool

  init(_ pointer: OpaquePointer) {
    self.pointer = pointer
    rowCount = Int(PQntuples(pointer))
    columnCount = Int(PQnfields(pointer))
    isBinary = PQbinaryTuples(pointer) == 1
  }

  deinit { PQclear(pointer) }

  var status: ExecStatusType { PQresultStatus(pointer) }

  /// "INSERT 0 1", "COMMIT"
  var commandTag: String {
    guard let tag = PQcmdStatus(pointer) else { return "" }
    return String(cString: tag)
  }

  /// Rows that the command touched or returned; 0 where the command counts none.
  var affected: Int {
    guard let text = PQcmdTuples(pointer) else { return 0 }
    return Int(String(cString: text)) ?? 0
  }
}
