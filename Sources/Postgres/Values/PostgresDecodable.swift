/// A Swift type that a column's value can be read as.
public protocol PostgresDecodable {
  /// - Throws: `decodingFailed`.
  init(from cell: PostgresCell) throws(PostgresError)
}

extension Bool: PostgresDecodable {
  /// Decodes a bool.
  public init(from cell: PostgresCell) throws(PostgresError) { self = try cell.bool }
}

extension Int16: PostgresDecodable {
  /// Decodes an integer that fits 16 bits.
  public init(from cell: PostgresCell) throws(PostgresError) { self = try cell.int16 }
}

extension Int32: PostgresDecodable {
  /// Decodes an integer that fits 32 bits.
  public init(from cell: PostgresCell) throws(PostgresError) { self = try cell.int32 }
}

extension Int64: PostgresDecodable {
  /// Decodes an int2, int4 or int8.
  public init(from cell: PostgresCell) throws(PostgresError) { self = try cell.int64 }
}

extension Int: PostgresDecodable {
  /// Decodes an int2, int4 or int8.
  public init(from cell: PostgresCell) throws(PostgresError) { self = Int(try cell.int64) }
}

extension Double: PostgresDecodable {
  /// Decodes a float4 or float8.
  public init(from cell: PostgresCell) throws(PostgresError) { self = try cell.double }
}

extension String: PostgresDecodable {
  /// Decodes text.
  public init(from cell: PostgresCell) throws(PostgresError) { self = try cell.text }
}

extension [UInt8]: PostgresDecodable {
  /// Copies the bytes of a bytea.
  public init(from cell: PostgresCell) throws(PostgresError) { self = try cell.bytes }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
  /// Decodes NULL as nil, and everything else as `Wrapped` does.
  public init(from cell: PostgresCell) throws(PostgresError) {
    self = cell.isNull ? .none : .some(try Wrapped(from: cell))
  }
}
