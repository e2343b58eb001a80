/// Rows for `COPY … FROM STDIN (FORMAT binary)`, in the format that COPY takes. Pure.
///
/// The types must be exactly those of the columns: COPY converts nothing. A `text` value fits columns of text only.
/// https://www.postgresql.org/docs/15/sql-copy.html#id-1.9.3.55.9.4
public struct CopyRows: Sendable {
  /// Signature, flags, and the length of the header's extension.
  private static let header: [UInt8] =
    Array("PGCOPY\n".utf8) + [0xff] + Array("\r\n".utf8) + [0] + [UInt8](repeating: 0, count: 8)

  private var bytes = Self.header
  /// How many rows there are.
  public private(set) var count = 0

  /// No rows.
  public init() {}

  /// How many bytes the rows have, as they are sent.
  public var byteCount: Int { bytes.count + 2 }

  /// Appends a row.
  /// - Parameter row: a value for each column of the COPY, in its order; at most 1,600, as a table has.
  /// - Throws: `invalidParameter` for what Postgres can't store: NUL in a text, a time out of range. The rows are then
  ///   as before.
  public mutating func append(_ row: [PostgresValue]) throws(PostgresError) {
    guard row.count <= 1600 else { throw Self.refused("has more columns than a table can have") }
    let before = bytes.count
    append(Int16(row.count))
    do throws(PostgresError) {
      for value in row { try append(value) }
    } catch {
      bytes.removeLast(bytes.count - before)
      throw error
    }
    count += 1
  }

  /// The bytes to send, with the trailer.
  var finished: [UInt8] { bytes + [0xff, 0xff] }

  private mutating func append(_ value: PostgresValue) throws(PostgresError) {
    let start = bytes.count
    append(-1 as Int32)
    switch value {
    case .null: return
    case .bool(let value): bytes.append(value ? 1 : 0)
    case .int16(let value): append(value)
    case .int32(let value): append(value)
    case .int64(let value): append(value)
    case .double(let value): append(value.bitPattern)
    case .uuid(let high, let low):
      append(high)
      append(low)
    case .timestamp(let value): append(try Self.postgresTime(value))
    case .bytes(let value): bytes.append(contentsOf: value)
    case .text(let text):
      guard !text.utf8.contains(0) else { throw Self.refused("contains NUL (U+0000), which Postgres cannot store") }
      bytes.append(contentsOf: text.utf8)
    case .textArray, .uuidArray: throw Self.refused("has an array, which is not supported")
    }
    guard let length = Int32(exactly: bytes.count - start - 4) else { throw Self.refused("is larger than 2 GiB") }
    withUnsafeBytes(of: length.bigEndian) { bytes.replaceSubrange(start..<(start + 4), with: $0) }
  }

  private mutating func append(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
  }

  private static func postgresTime(_ value: Int64) throws(PostgresError) -> Int64 {
    if value == .max || value == .min { return value }
    let (time, overflow) = value.subtractingReportingOverflow(PostgresEpoch.microseconds)
    guard !overflow else { throw refused("has a time before what Postgres can store") }
    return time
  }

  private static func refused(_ reason: String) -> PostgresError {
    PostgresError(.invalidParameter, "A row of COPY \(reason).", isSafeToRetry: false)
  }
}
