/// A Swift type that a column's value can be read as.
public protocol PostgresDecodable {
  /// - Throws: `decodingFailed`.
  init(from cell: PostgresCell) throws(PostgresError)
}

extension Bool: PostgresDecodable {
  public init(from cell: PostgresCell) throws(PostgresError) { self = try cell.bool }
}

extension Int16: PostgresDecodable {
  public init(from cell: PostgresCell) throws(PostgresError) { self = try cell.int16 }
}

extension Int32: PostgresDecodable {
  public init(from cell: PostgresCell) throws(PostgresError) { self = try cell.int32 }
}

extension Int64: PostgresDecodable {
  public init(from cell: PostgresCell) throws(PostgresError) { self = try cell.int64 }
}

extension Int: PostgresDecodable {
  public init(from cell: PostgresCell) throws(PostgresError) { self = Int(try cell.int64) }
}

extension Double: PostgresDecodable {
  public init(from cell: PostgresCell) throws(PostgresError) { self = try cell.double }
}

extension String: PostgresDecodable {
  public init(from cell: PostgresCell) throws(PostgresError) { self = try cell.text }
}

extension [UInt8]: PostgresDecodable {
  public init(from cell: PostgresCell) throws(PostgresError) { self = try cell.bytes }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
  public init(from cell: PostgresCell) throws(PostgresError) {
    self = cell.isNull ? .none : .some(try Wrapped(from: cell))
  }
}
