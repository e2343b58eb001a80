/// What is known statically about the type of a field: how one value is read and written. Never has instances.
///
/// There is one for each scalar type of protobuf, one for enums and one for messages; generated code names them, and
/// the compiler specializes the generic functions of reader and writer for each.
///
/// ```swift
/// func firstField<C: WireScalar>(_ value: C.Value, as _: C.Type) -> [UInt8] {
///   var writer = WireWriter()
///   writer.prepend(value, as: C.self, tag: WireTag.make(1, C.wireType))
///   return writer.withUnsafeBytes { Array($0) }
/// }
/// firstField(150, as: WireInt32.self)  // [0x08, 0x96, 0x01]
/// ```
public protocol WireCodec {
  /// The type in Swift: `Int32` of `WireSInt32`.
  associatedtype Value: Sendable, Hashable

  /// How a value is laid out behind its tag. <https://protobuf.dev/programming-guides/encoding/#structure>
  ///
  /// ```swift
  /// WireTag.make(1, WireString.wireType)  // 0x0a
  /// ```
  static var wireType: WireType { get }

  /// What an absent field has.
  ///
  /// ```swift
  /// var value = C.defaultValue
  /// ```
  static var defaultValue: Value { get }

  /// Reads a value, without its tag. Messages are merged.
  ///
  /// ```swift
  /// case WireTag.make(1, C.wireType): try C.read(from: &reader, into: &value)
  /// ```
  static func read(from reader: inout WireReader, into value: inout Value) throws(WireError)

  /// Writes a value, without its tag.
  ///
  /// ```swift
  /// WireString.prepend("ab", to: &writer)  // 02 61 62
  /// ```
  static func prepend(_ value: Value, to writer: inout WireWriter)

  /// Writes a value and the tag before it. There is a default; a codec's own may make room for both at once.
  ///
  /// ```swift
  /// WireString.prepend("ab", tag: 0x0a, to: &writer)  // 0a 02 61 62
  /// ```
  static func prepend(_ value: Value, tag: UInt32, to writer: inout WireWriter)
}

extension WireCodec {
  /// The default: writes the value, then the tag before it. (`WireWriter` writes back to front.)
  @inlinable @inline(__always)
  public static func prepend(_ value: Value, tag: UInt32, to writer: inout WireWriter) {
    prepend(value, to: &writer)
    writer.prependTag(tag)
  }
}

/// A scalar type: its values are replaced, never merged.
///
/// ```swift
/// WireString.isDefault("")  // true
/// WireInt32.defaultValue    // 0
/// ```
public protocol WireScalar: WireCodec {
  /// Reads a value, without its tag.
  ///
  /// ```swift
  /// case 0x0a: name = try WireString.read(from: &reader)
  /// ```
  static func read(from reader: inout WireReader) throws(WireError) -> Value

  /// Whether proto3 leaves the value out. Not so -0.0, whose bits are others than those of 0.
  ///
  /// ```swift
  /// WireInt32.isDefault(0)      // true
  /// WireDouble.isDefault(-0.0)  // false
  /// ```
  static func isDefault(_ value: Value) -> Bool

  /// Writes values, each behind a tag. There is a default.
  ///
  /// ```swift
  /// WireInt32.prepend(repeated: [1, 2], tag: 0x08, to: &writer)  // 08 01 08 02
  /// ```
  static func prepend(repeated values: [Value], tag: UInt32, to writer: inout WireWriter)
}

extension WireScalar {
  /// Replaces the value: scalars are not merged, the last one on the wire wins.
  @inlinable @inline(__always)
  public static func read(from reader: inout WireReader, into value: inout Value) throws(WireError) {
    value = try read(from: &reader)
  }

  /// The default: writes each value behind a tag of its own, from the last to the first, since `WireWriter` writes
  /// back to front.
  @inlinable @inline(__always)
  public static func prepend(repeated values: [Value], tag: UInt32, to writer: inout WireWriter) {
    var index = values.count
    while index > 0 {
      index &-= 1
      prepend(values[index], tag: tag, to: &writer)
    }
  }
}

/// A scalar type that may be a map's key.
///
/// ```swift
/// WireString.precedes("a", "b")  // true
/// WireBool.precedes(false, true)  // true
/// ```
public protocol WireMapKey: WireScalar {
  /// The order of deterministic output: of strings by their bytes, false before true.
  ///
  /// ```swift
  /// map.sorted { WireString.precedes($0.key, $1.key) }
  /// ```
  static func precedes(_ lhs: Value, _ rhs: Value) -> Bool
}

extension WireMapKey where Value: Comparable {
  /// Whether a key comes first in deterministic output: by the order of the type itself.
  public static func precedes(_ lhs: Value, _ rhs: Value) -> Bool { lhs < rhs }
}
