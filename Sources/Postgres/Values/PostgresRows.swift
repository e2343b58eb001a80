/// The rows of one answer, decoded only when asked for. Any thread may read them. They share one block of memory, which
/// is freed with the last row.
public struct PostgresRows: Sendable, RandomAccessCollection {
  let storage: ResultStorage
  /// Which rows of the block are the answer. The others answer lookups that shared the statement.
  private let range: Range<Int>

  init(_ storage: ResultStorage) { self.init(storage, 0..<storage.rowCount) }

  init(_ storage: ResultStorage, _ range: Range<Int>) {
    self.storage = storage
    self.range = range
  }

  /// 0, as in an array.
  public var startIndex: Int { 0 }
  /// The number of rows, as in an array.
  public var endIndex: Int { range.count }

  /// A row, by its number from 0.
  /// - Precondition: there is one of this number.
  public subscript(position: Int) -> PostgresRow {
    precondition(position >= 0 && position < range.count, "row out of range")
    return PostgresRow(storage: storage, index: range.lowerBound + position)
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

  /// The number of columns.
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
