/// The type `string`: UTF-8. Decoding fails for other bytes.
///
/// ```swift
/// name = try reader.read(WireString.self)              // throws invalidUTF8
/// writer.prepend(name, as: WireString.self, tag: 0x0a)  // 0a 03 61 62 63 of "abc"
/// ```
public enum WireString: WireMapKey {
  /// A field of this type is a `String` in Swift; decoding validates its UTF-8.
  public typealias Value = String

  /// A length, then that many bytes.
  @inlinable @inline(__always)
  public static var wireType: WireType { .delimited }
  /// The empty string.
  @inlinable @inline(__always)
  public static var defaultValue: String { "" }

  /// Reads a length and as many bytes.
  /// - Throws: `WireError` if the message ends before they do, or if they are not UTF-8.
  @inlinable @inline(__always)
  public static func read(from reader: inout WireReader) throws(WireError) -> String {
    let bytes = try reader.cursor.delimited()
    return try string(of: bytes)
  }

  /// A short ASCII string, which fits into a String without an allocation: two loads and stores, which may overlap. nil
  /// for others.
  @inline(__always)
  private static func smallASCII(_ bytes: UnsafeRawBufferPointer) -> String? {
    let count = bytes.count
    guard count <= 15, count >= 4 else { return nil }
    if count >= 8 {
      let first = bytes.loadUnaligned(as: UInt64.self)
      let last = bytes.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self)
      guard (first | last) & 0x8080_8080_8080_8080 == 0 else { return nil }
      return String(unsafeUninitializedCapacity: count) { target in
        let target = UnsafeMutableRawBufferPointer(target)
        target.storeBytes(of: first, as: UInt64.self)
        target.storeBytes(of: last, toByteOffset: count &- 8, as: UInt64.self)
        return count
      }
    }
    let first = bytes.loadUnaligned(as: UInt32.self)
    let last = bytes.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)
    guard (first | last) & 0x8080_8080 == 0 else { return nil }
    return String(unsafeUninitializedCapacity: count) { target in
      let target = UnsafeMutableRawBufferPointer(target)
      target.storeBytes(of: first, as: UInt32.self)
      target.storeBytes(of: last, toByteOffset: count &- 4, as: UInt32.self)
      return count
    }
  }

  @usableFromInline @inline(never)
  static func string(of bytes: UnsafeBufferPointer<UInt8>) throws(WireError) -> String {
    let raw = UnsafeRawBufferPointer(bytes)
    if let text = smallASCII(raw) { return text }
    // ASCII, which most strings are, is told eight bytes at a time, and needs no validation.
    var seen: UInt64 = 0
    var offset = 0
    while offset &+ 8 <= raw.count {
      seen |= raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
      offset &+= 8
    }
    if raw.count >= 8 {
      seen |= raw.loadUnaligned(fromByteOffset: raw.count &- 8, as: UInt64.self)
    } else {
      for byte in raw { seen |= UInt64(byte) }
    }
    if seen & 0x8080_8080_8080_8080 == 0 {
      return String(copying: UTF8Span(unchecked: bytes.span, isKnownASCII: true))
    }
    // Not String(validating:as:), which is generic and instantiates metadata at each call.
    do throws(UTF8.ValidationError) {
      return String(copying: try UTF8Span(validating: bytes.span))
    } catch {
      throw WireError(.invalidUTF8)
    }
  }

  /// Writes the UTF-8 of a string, and its length in bytes.
  @inlinable @inline(__always)
  public static func prepend(_ value: String, to writer: inout WireWriter) {
    value.utf8.span.withUnsafeBytes { writer.prependDelimited($0) }
  }

  /// Writes a tag, a length and the UTF-8 of a string, with one check for room.
  @inlinable @inline(__always)
  public static func prepend(_ value: String, tag: UInt32, to writer: inout WireWriter) {
    writer.prependText(value, tag: tag)
  }

  /// Writes strings in their order, each behind a tag.
  @inlinable @inline(__always)
  public static func prepend(repeated values: [String], tag: UInt32, to writer: inout WireWriter) {
    writer.prependTexts(values, tag: tag)
  }

  /// Whether proto3 leaves the string out: only the empty one.
  @inlinable @inline(__always)
  public static func isDefault(_ value: String) -> Bool { value.isEmpty }

  // By bytes: Swift's own order is that of the normal forms.
  /// Whether a key comes first in deterministic output: by UTF-8 bytes, not by Swift's order of normal forms.
  public static func precedes(_ lhs: String, _ rhs: String) -> Bool {
    lhs.utf8.lexicographicallyPrecedes(rhs.utf8)
  }
}

/// The type `string` without validation, in proto2 and in editions with `features.utf8_validation = NONE`. Peers may
/// send any bytes; decoding replaces what is not UTF-8 by U+FFFD.
///
/// ```swift
/// note = try reader.read(WireUncheckedString.self)  // ff becomes U+FFFD
/// ```
public enum WireUncheckedString: WireMapKey {
  /// A field of this type is a `String` in Swift; U+FFFD stands for bytes that were not UTF-8.
  public typealias Value = String

  /// A length, then that many bytes.
  @inlinable @inline(__always)
  public static var wireType: WireType { .delimited }
  /// The empty string.
  @inlinable @inline(__always)
  public static var defaultValue: String { "" }

  /// Reads a length and as many bytes; replaces each ill-formed sequence by U+FFFD.
  /// - Throws: `WireError` if the message ends before they do.
  @inlinable @inline(__always)
  public static func read(from reader: inout WireReader) throws(WireError) -> String {
    String(decoding: try reader.cursor.delimited(), as: UTF8.self)
  }

  /// Writes the UTF-8 of a string, and its length in bytes.
  @inlinable @inline(__always)
  public static func prepend(_ value: String, to writer: inout WireWriter) {
    value.utf8.span.withUnsafeBytes { writer.prependDelimited($0) }
  }

  /// Writes a tag, a length and the UTF-8 of a string, with one check for room.
  @inlinable @inline(__always)
  public static func prepend(_ value: String, tag: UInt32, to writer: inout WireWriter) {
    writer.prependText(value, tag: tag)
  }

  /// Writes strings in their order, each behind a tag.
  @inlinable @inline(__always)
  public static func prepend(repeated values: [String], tag: UInt32, to writer: inout WireWriter) {
    writer.prependTexts(values, tag: tag)
  }

  /// Whether proto3 leaves the string out: only the empty one.
  @inlinable @inline(__always)
  public static func isDefault(_ value: String) -> Bool { value.isEmpty }

  /// Whether a key comes first in deterministic output: by UTF-8 bytes, as with `WireString`.
  public static func precedes(_ lhs: String, _ rhs: String) -> Bool { WireString.precedes(lhs, rhs) }
}

/// The type `bytes`.
///
/// ```swift
/// data = try reader.read(WireBytes.self)
/// writer.prepend([1, 2], as: WireBytes.self, tag: 0x0a)  // 0a 02 01 02
/// ```
public enum WireBytes: WireScalar {
  /// An array that owns its bytes.
  public typealias Value = [UInt8]

  /// A length, then that many bytes.
  @inlinable @inline(__always)
  public static var wireType: WireType { .delimited }
  /// No bytes.
  @inlinable @inline(__always)
  public static var defaultValue: [UInt8] { [] }

  /// Reads a length, and copies as many bytes.
  /// - Throws: `WireError` if the message ends before they do.
  @inlinable @inline(__always)
  public static func read(from reader: inout WireReader) throws(WireError) -> [UInt8] {
    [UInt8](UnsafeRawBufferPointer(try reader.cursor.delimited()))
  }

  /// Writes bytes, and their number before them.
  @inlinable @inline(__always)
  public static func prepend(_ value: [UInt8], to writer: inout WireWriter) {
    value.withUnsafeBytes { writer.prependDelimited($0) }
  }

  /// Whether proto3 leaves the bytes out: only where there are none.
  @inlinable @inline(__always)
  public static func isDefault(_ value: [UInt8]) -> Bool { value.isEmpty }
}
