/// A write of one row that Postgres does for many rows in one statement, and so with one commit: a commit costs more
/// than a row.
///
/// Writes that are asked for while others are under way travel together. Each has its own outcome: the statement must
/// not fail for one of them because of another. Make it once, as a `static let`.
public struct GroupedWrite: Sendable {
  let statement: Statement

  /// - Parameters:
  ///   - name: the statement's.
  ///   - sql: takes an array for each value of a row: `uuid[]` for `.uuid`, `text[]` for `.text`. Its last column is
  ///     the position of the row in the arrays, a bigint from 1 (`WITH ORDINALITY`). A row that has no outcome, because
  ///     it met a transaction that was under way, is left out of the answer: it is written again by itself.
  public init(_ name: String, _ sql: String) { statement = Statement(name, sql) }

  /// The statement's parameters for several rows: an array for each column.
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
    PostgresError(.invalidParameter, "A grouped write takes only texts and uuids, the same in each row.")
  }

  /// The row of each position that has an outcome.
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
