/// The rows of one answer, decoded only when asked for. Any thread may read them; they are held in one block that goes
/// with the last row.
public struct PostgresRows: Sendable, RandomAccessCollection {
  let storage: ResultStorage

  init(_ storage: ResultStorage) { self.storage = storage }

  public var startIndex: Int { 0 }
  public var endIndex: Int { storage.rowCount }

  public subscript(position: Int) -> PostgresRow {
    precondition(position >= 0 && position < storage.rowCount, "row out of range")
    return PostgresRow(storage: storage, index: position)
  }

  /// How many rows the statement inserted, updated, deleted or returned.
  public var affected: Int { storage.affected }

  /// The command as the server names it, with its counts: "INSERT 0 1".
  public var commandTag: String { storage.commandTag }
}

/// One row. Columns count from 0.
public struct PostgresRow: Sendable {
  let storage: ResultStorage
  let index: Int

  public var count: Int { storage.columnCount }

  /// The value of a column. A column that the statement does not have is reported when the value is read.
  @inlinable
  public subscript(column: Int) -> PostgresCell { cell(column) }

  @usableFromInline
  func cell(_ column: Int) -> PostgresCell { PostgresCell(storage: storage, row: index, column: column) }

  /// The value of a column as a Swift value; `as: T?.self` where it may be null.
  /// - Throws: `decodingFailed` if the column is null, missing, or of another type.
  public func decode<T: PostgresDecodable>(_ column: Int, as type: T.Type = T.self) throws(PostgresError) -> T {
    try T(from: cell(column))
  }
}
