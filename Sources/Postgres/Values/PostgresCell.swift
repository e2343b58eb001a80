import CPostgres

/// One value of a row, in the binary form in which the server sent it.
///
/// The accessors throw `decodingFailed` if the value is null, of another type, or its column does not exist.
public struct PostgresCell: Sendable {
  let storage: ResultStorage
  let row: Int
  let column: Int

  init(storage: ResultStorage, row: Int, column: Int) {
    self.storage = storage
    self.row = row
    self.column = column
  }

  /// Whether the value is SQL NULL. False for a column that does not exist.
  public var isNull: Bool {
    exists && PQgetisnull(storage.pointer, Int32(clamping: row), Int32(clamping: column)) == 1
  }

  private var exists: Bool { column >= 0 && column < storage.columnCount }

  /// The column's type (an OID of pg_type); 0 for a column that does not exist.
  public var typeOID: UInt32 { exists ? UInt32(PQftype(storage.pointer, Int32(clamping: column))) : 0 }

  /// The value of a bool column.
  /// - Throws: `PostgresError` if it is NULL, or if the column has another type.
  public var bool: Bool {
    get throws(PostgresError) {
      let bytes = try self.bytes(of: OID.bool, "bool", count: 1)
      return bytes[0] != 0
    }
  }

  /// int2, int4 and int8 alike.
  public var int64: Int64 {
    get throws(PostgresError) {
      let bytes = try content("an integer")
      switch (typeOID, bytes.count) {
      case (OID.int8, 8): return load(bytes, as: Int64.self)
      case (OID.int4, 4): return Int64(load(bytes, as: Int32.self))
      case (OID.int2, 2): return Int64(load(bytes, as: Int16.self))
      case (OID.oid, 4): return Int64(load(bytes, as: UInt32.self))
      default: throw mismatch("an integer")
      }
    }
  }

  /// int2 and int4.
  public var int32: Int32 {
    get throws(PostgresError) {
      guard let value = Int32(exactly: try int64) else { throw mismatch("an int4") }
      return value
    }
  }

  /// The value of an integer column that fits 16 bits.
  /// - Throws: `PostgresError` if it is NULL, too large, or if the column has another type.
  public var int16: Int16 {
    get throws(PostgresError) {
      guard let value = Int16(exactly: try int64) else { throw mismatch("an int2") }
      return value
    }
  }

  /// float8 and float4.
  public var double: Double {
    get throws(PostgresError) {
      let bytes = try content("a float")
      switch (typeOID, bytes.count) {
      case (OID.float8, 8): return Double(bitPattern: load(bytes, as: UInt64.self))
      case (OID.float4, 4): return Double(Float(bitPattern: load(bytes, as: UInt32.self)))
      default: throw mismatch("a float")
      }
    }
  }

  /// Text of any kind: text, varchar, char, name, json, jsonb, enums and domains over them.
  public var text: String {
    get throws(PostgresError) {
      var bytes = try content("text")
      switch typeOID {
      case OID.jsonb:
        // jsonb_send: a version, 1, and the text.
        guard bytes.first == 1 else { throw mismatch("jsonb of version 1") }
        bytes = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
      case OID.bool, OID.bytea, OID.int8, OID.int2, OID.int4, OID.oid, OID.float4, OID.float8, OID.textArray,
        OID.varcharArray, OID.timestamptz, OID.uuid:
        throw mismatch("text")
      default: break
      }
      // libpq ends every value with NUL, and this initializer is several times faster than the generic one. Text has no
      // NUL inside; the binary form of a type that is no text may.
      guard let base = bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
        let text = String(validatingCString: base), text.utf8.count == bytes.count
      else { throw mismatch("UTF-8") }
      return text
    }
  }

  /// bytea; of any other type the bytes of its binary form.
  public var bytes: [UInt8] {
    get throws(PostgresError) { [UInt8](try content("bytes")) }
  }

  /// The 128 bits of a uuid, big endian: the first eight bytes, then the others.
  public var uuid: (high: UInt64, low: UInt64) {
    get throws(PostgresError) {
      let bytes = try self.bytes(of: OID.uuid, "uuid", count: 16)
      return (
        UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
        UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
      )
    }
  }

  /// timestamptz as microseconds since the Unix epoch; infinity is `Int64.max`, -infinity `Int64.min`.
  public var timestamp: Int64 {
    get throws(PostgresError) {
      let value = load(try bytes(of: OID.timestamptz, "timestamptz", count: 8), as: Int64.self)
      if value == .max || value == .min { return value }
      let (time, overflow) = value.addingReportingOverflow(PostgresEpoch.microseconds)
      guard !overflow else { throw mismatch("a timestamptz in range") }
      return time
    }
  }

  /// text[] or varchar[] of one dimension, without nulls.
  public var textArray: [String] {
    get throws(PostgresError) {
      let bytes = try content("text[]")
      guard typeOID == OID.textArray || typeOID == OID.varcharArray else { throw mismatch("text[]") }
      guard let elements = TextArrayCodec.decode(bytes) else { throw mismatch("text[] of one dimension without nulls") }
      return elements
    }
  }

  // MARK: Bytes

  private func content(_ wanted: String) throws(PostgresError) -> UnsafeRawBufferPointer {
    guard exists else {
      throw PostgresError(.decodingFailed, "Column \(column) does not exist: the row has \(storage.columnCount).")
    }
    let (row, column) = (Int32(clamping: row), Int32(clamping: column))
    let count = Int(PQgetlength(storage.pointer, row, column))
    // The length of null is 0 too.
    if count == 0, isNull { throw mismatch("\(wanted), not null") }
    guard storage.isBinary || typeOID == OID.text else { throw mismatch("binary") }
    return UnsafeRawBufferPointer(start: PQgetvalue(storage.pointer, row, column), count: count)
  }

  private func bytes(
    of type: UInt32, _ name: String, count: Int
  ) throws(PostgresError) -> UnsafeRawBufferPointer {
    let bytes = try content(name)
    guard typeOID == type, bytes.count == count else { throw mismatch(name) }
    return bytes
  }

  private func load<T: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, as type: T.Type) -> T {
    T(bigEndian: bytes.loadUnaligned(as: type))
  }

  private func mismatch(_ wanted: String) -> PostgresError {
    let name = PQfname(storage.pointer, Int32(clamping: column)).map { String(cString: $0) } ?? "\(column)"
    let found = isNull ? "null" : "type \(typeOID)"
    return PostgresError(.decodingFailed, "Column \(name) was read as \(wanted); it is \(found).")
  }
}

/// The binary form of a one-dimensional text array: array_send in arrayfuncs.c.
enum TextArrayCodec {
  static func decode(_ bytes: UnsafeRawBufferPointer) -> [String]? {
    var offset = 0
    func next() -> Int32? {
      guard bytes.count - offset >= 4 else { return nil }
      defer { offset += 4 }
      return Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self))
    }
    guard let dimensions = next(), next() != nil, next() != nil else { return nil }
    if dimensions == 0 { return [] }
    guard dimensions == 1, let count = next(), count >= 0, next() != nil else { return nil }
    var elements: [String] = []
    // Each element takes four bytes at least: reserve no more than can be there.
    elements.reserveCapacity(min(Int(count), (bytes.count - offset) / 4))
    for _ in 0..<count {
      guard let length = next(), length >= 0, bytes.count - offset >= Int(length) else { return nil }
      let element = UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + Int(length))])
      guard let text = String(validating: element, as: UTF8.self) else { return nil }
      elements.append(text)
      offset += Int(length)
    }
    return offset == bytes.count ? elements : nil
  }
}
