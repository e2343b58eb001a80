/// A scalar type that is written as a varint.
///
/// ```swift
/// WireInt32.varint(of: -1)  // 0xffff_ffff_ffff_ffff: ten bytes
/// WireInt32.value(of: 5)     // 5
/// ```
public protocol WireVarintScalar: WireScalar {
  /// Bits that the type has no room for are cut off.
  /// <https://protobuf.dev/programming-guides/encoding/#int-types>
  ///
  /// ```swift
  /// WireInt32.value(of: 0x1_0000_0005)  // 5
  /// WireBool.value(of: 2)               // true
  /// ```
  static func value(of varint: UInt64) -> Value

  /// The number that is written: negative ones are extended to 64 bits, or zigzag.
  ///
  /// ```swift
  /// WireInt32.varint(of: -1)   // 0xffff_ffff_ffff_ffff
  /// WireSInt32.varint(of: -1)  // 1
  /// ```
  static func varint(of value: Value) -> UInt64
}

extension WireVarintScalar {
  /// One to ten bytes of seven bits each, the lowest first.
  @inlinable @inline(__always)
  public static var wireType: WireType { .varint }

  /// The value of the varint 0: 0, false, or the enum's first value.
  @inlinable @inline(__always)
  public static var defaultValue: Value { value(of: 0) }

  /// Reads a varint, and cuts off the bits for which the type has no room.
  /// - Throws: `WireError` if the message ends within it, or if it has more than ten bytes.
  @inlinable @inline(__always)
  public static func read(from reader: inout WireReader) throws(WireError) -> Value {
    value(of: try reader.cursor.varint())
  }

  /// Writes a value in as few bytes as it takes.
  @inlinable @inline(__always)
  public static func prepend(_ value: Value, to writer: inout WireWriter) {
    writer.prependVarint(varint(of: value))
  }

  /// Writes a tag and a value, with one check for room.
  @inlinable @inline(__always)
  public static func prepend(_ value: Value, tag: UInt32, to writer: inout WireWriter) {
    writer.buffer.reserve(18)
    writer.buffer.put(varint: varint(of: value))
    writer.buffer.put(tag: tag)
  }

  /// Whether proto3 leaves the value out: it is written as the varint 0.
  @inlinable @inline(__always)
  public static func isDefault(_ value: Value) -> Bool { varint(of: value) == 0 }
}

/// The type `int32`.
///
/// ```swift
/// WireInt32.value(of: 0x1_0000_0005)  // 5: the high bits are cut off
/// ```
public enum WireInt32: WireVarintScalar, WireMapKey {
  /// A field of this type is an `Int32` in Swift.
  public typealias Value = Int32

  /// The low 32 bits, in two's complement: what is above them is cut off.
  @inlinable @inline(__always)
  public static func value(of varint: UInt64) -> Int32 { Int32(truncatingIfNeeded: varint) }
  // A negative int32 takes ten bytes: it is extended to 64 bits.
  /// The number, extended to 64 bits by its sign: a negative one takes ten bytes.
  @inlinable @inline(__always)
  public static func varint(of value: Int32) -> UInt64 { UInt64(truncatingIfNeeded: Int64(value)) }
}

/// The type `int64`.
///
/// ```swift
/// WireInt64.varint(of: -1)  // 0xffff_ffff_ffff_ffff
/// ```
public enum WireInt64: WireVarintScalar, WireMapKey {
  /// A field of this type is an `Int64` in Swift.
  public typealias Value = Int64

  /// The bits, in two's complement.
  @inlinable @inline(__always)
  public static func value(of varint: UInt64) -> Int64 { Int64(bitPattern: varint) }
  /// The bits, in two's complement: a negative number takes ten bytes.
  @inlinable @inline(__always)
  public static func varint(of value: Int64) -> UInt64 { UInt64(bitPattern: value) }
}

/// The type `uint32`.
///
/// ```swift
/// WireUInt32.varint(of: 7)  // 7
/// ```
public enum WireUInt32: WireVarintScalar, WireMapKey {
  /// A field of this type is a `UInt32` in Swift.
  public typealias Value = UInt32

  /// The low 32 bits: what is above them is cut off.
  @inlinable @inline(__always)
  public static func value(of varint: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: varint) }
  /// The number, extended by zeros: five bytes at most.
  @inlinable @inline(__always)
  public static func varint(of value: UInt32) -> UInt64 { UInt64(value) }
}

/// The type `uint64`.
///
/// ```swift
/// WireUInt64.varint(of: .max)  // 0xffff_ffff_ffff_ffff
/// ```
public enum WireUInt64: WireVarintScalar, WireMapKey {
  /// A field of this type is a `UInt64` in Swift.
  public typealias Value = UInt64

  /// The number itself.
  @inlinable @inline(__always)
  public static func value(of varint: UInt64) -> UInt64 { varint }
  /// The number itself.
  @inlinable @inline(__always)
  public static func varint(of value: UInt64) -> UInt64 { value }
}

/// Zigzag: the sign is the lowest bit, so that small negative numbers are short.
/// <https://protobuf.dev/programming-guides/encoding/#signed-ints>
///
/// ```swift
/// WireSInt32.varint(of: -1)  // 1
/// WireSInt32.varint(of: 1)   // 2
/// ```
public enum WireSInt32: WireVarintScalar, WireMapKey {
  /// A field of this type is an `Int32` in Swift.
  public typealias Value = Int32

  /// Undoes zigzag on the low 32 bits: 0, -1, 1, -2, … for 0, 1, 2, 3, …
  @inlinable @inline(__always)
  public static func value(of varint: UInt64) -> Int32 {
    let bits = UInt32(truncatingIfNeeded: varint)
    return Int32(bitPattern: bits &>> 1) ^ -Int32(bitPattern: bits & 1)
  }
  /// Zigzag: 0, 1, 2, 3, … for 0, -1, 1, -2, …; five bytes at most.
  @inlinable @inline(__always)
  public static func varint(of value: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: value &<< 1 ^ value &>> 31))
  }
}

/// Zigzag.
///
/// ```swift
/// WireSInt64.varint(of: -2)  // 3
/// WireSInt64.value(of: 4)    // 2
/// ```
public enum WireSInt64: WireVarintScalar, WireMapKey {
  /// A field of this type is an `Int64` in Swift.
  public typealias Value = Int64

  /// Undoes zigzag: 0, -1, 1, -2, … for 0, 1, 2, 3, …
  @inlinable @inline(__always)
  public static func value(of varint: UInt64) -> Int64 {
    Int64(bitPattern: varint &>> 1) ^ -Int64(bitPattern: varint & 1)
  }
  /// Zigzag: 0, 1, 2, 3, … for 0, -1, 1, -2, …
  @inlinable @inline(__always)
  public static func varint(of value: Int64) -> UInt64 {
    UInt64(bitPattern: value &<< 1 ^ value &>> 63)
  }
}

/// The type `bool`.
///
/// ```swift
/// WireBool.value(of: 2)  // true: all but zero is
/// ```
public enum WireBool: WireVarintScalar, WireMapKey {
  /// A field of this type is a `Bool` in Swift.
  public typealias Value = Bool

  /// False for 0, true for every other number, as protobuf's own libraries read it.
  @inlinable @inline(__always)
  public static func value(of varint: UInt64) -> Bool { varint != 0 }
  /// 1 for true, 0 for false.
  @inlinable @inline(__always)
  public static func varint(of value: Bool) -> UInt64 { value ? 1 : 0 }
  /// Whether a key comes first in deterministic output: false before true.
  public static func precedes(_ lhs: Bool, _ rhs: Bool) -> Bool { !lhs && rhs }
}
