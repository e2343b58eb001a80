/// A statement that writes many rows at once, for callers that each write one row. The rows share one commit, which
/// costs more than a row.
///
/// Rows submitted while enough groups are in flight wait, and then go out as one statement. Each row has its own
/// outcome, so the statement must not fail for one row because of another. Make it once, as a `static let`.
public struct GroupedWrite: Sendable {
  let statement: Statement

  /// - Parameters:
  ///   - name: the statement's name.
  ///   - sql: takes one array for each value of a row: `uuid[]` for `.uuid`, `text[]` for `.text`. The last column of
  ///     its result is the row's position in the arrays, a bigint starting at 1 (`WITH ORDINALITY`). The result leaves
  ///     out a row that has no outcome because it conflicted with a concurrent transaction: the client then writes that
  ///     row again by itself.
  public init(_ name: String, _ sql: String) { statement = Statement(name, sql) }

  /// Turns rows into the statement's parameters, one array for each column.
  /// - Throws: `invalidParameter` if a value is neither a text nor a uuid, or differs in type from the first row's.
  static func columns(_ rows: [[PostgresValue]]) throws(PostgresError) -> [PostgresValue] {
    guard let first = rows.first else { return [] }
    var columns: [PostgresValue] = []
    columns.reserveCapacity(first.count)
    for column in first.indices {
      switch first[column] {
      case .uuid:
        var ids: [UInt128] = []
        ids.reserveCapacity(rows.count)
        for row in rows {
          guard case .uuid(let high, let low) = row[column] else { throw mixed }
          ids.append(UInt128(high) << 64 | UInt128(low))
        }
        columns.append(.uuidArray(ids))
      case .text:
        var texts: [String] = []
        texts.reserveCapacity(rows.count)
        for row in rows {
          guard case .text(let text) = row[column] else { throw mixed }
          texts.append(text)
        }
        columns.append(.textArray(texts))
      default: throw mixed
      }
    }
    return columns
  }

  private static var mixed: PostgresError {
    PostgresError(
      .invalidParameter, "The values of a grouped write must be texts or uuids, of the same types in each row.")
  }

  /// The result row for each of the `count` rows sent, in the order they were sent; nil where a row has no outcome.
  /// - Throws: `protocolViolation` if the result names a position that was not sent.
  static func outcomes(_ rows: PostgresRows, of count: Int) throws(PostgresError) -> [PostgresRow?] {
    var outcomes = [PostgresRow?](repeating: nil, count: count)
    for row in rows {
      let position = Int(try row[row.count - 1].int64) - 1
      guard outcomes.indices.contains(position) else {
        throw PostgresError(.protocolViolation, "The database answered for a row that it was not given.")
      }
      outcomes[position] = row
    }
    return outcomes
  }
}
