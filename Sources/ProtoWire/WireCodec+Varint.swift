/// A scalar type that is written as a varint.
public protocol WireVarintScalar: WireScalar {
  /// Bits that the type has no room for are cut off.
  /// <https://protobuf.dev/programming-guides/encoding/#int-types>
  static func value(of varint: UInt64) -> Value
  static func varint(of value: Value) -> UInt64
}

extension WireVarintScalar {
  @inlinable @inline(__always)
  public static var wireType: WireType { .varint }

  @inlinable @inline(__always)
  public static var defaultValue: Value { value(of: 0) }

  @inlinable @inline(__always)
  public static func read(from reader: inout WireReader) throws(WireError) -> Value {
    value(of: try reader.cursor.varint())
  }

  @inlinable @inline(__always)
  public static func prepend(_ value: Value, to writer: inout WireWriter) {
    writer.prependVarint(varint(of: value))
  }

  @inlinable @inline(__always)
  public static func prepend(_ value: Value, tag: UInt32, to writer: inout WireWriter) {
    writer.buffer.reserve(18)
    writer.buffer.put(varint: varint(of: value))
    writer.buffer.put(tag: tag)
  }

  @inlinable @inline(__always)
  public static func isDefault(_ value: Value) -> Bool { varint(of: value) == 0 }
}

public enum WireInt32: WireVarintScalar, WireMapKey {
  public typealias Value = Int32

  @inlinable @inline(__always)
  public static func value(of varint: UInt64) -> Int32 { Int32(truncatingIfNeeded: varint) }
  // A negative int32 takes ten bytes: it is extended to 64 bits.
  @inlinable @inline(__always)
  public static func varint(of value: Int32) -> UInt64 { UInt64(truncatingIfNeeded: Int64(value)) }
}

public enum WireInt64: WireVarintScalar, WireMapKey {
  public typealias Value = Int64

  @inlinable @inline(__always)
  public static func value(of varint: UInt64) -> Int64 { Int64(bitPattern: varint) }
  @inlinable @inline(__always)
  public static func varint(of value: Int64) -> UInt64 { UInt64(bitPattern: value) }
}

public enum WireUInt32: WireVarintScalar, WireMapKey {
  public typealias Value = UInt32

  @inlinable @inline(__always)
  public static func value(of varint: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: varint) }
  @inlinable @inline(__always)
  public static func varint(of value: UInt32) -> UInt64 { UInt64(value) }
}

public enum WireUInt64: WireVarintScalar, WireMapKey {
  public typealias Value = UInt64

  @inlinable @inline(__always)
  public static func value(of varint: UInt64) -> UInt64 { varint }
  @inlinable @inline(__always)
  public static func varint(of value: UInt64) -> UInt64 { value }
}

/// Zigzag: the sign is the lowest bit, so that small negative numbers are short.
/// <https://protobuf.dev/programming-guides/encoding/#signed-ints>
public enum WireSInt32: WireVarintScalar, WireMapKey {
  public typealias Value = Int32

  @inlinable @inline(__always)
  public static func value(of varint: UInt64) -> Int32 {
    let bits = UInt32(truncatingIfNeeded: varint)
    return Int32(bitPattern: bits &>> 1) ^ -Int32(bitPattern: bits & 1)
  }
  @inlinable @inline(__always)
  public static func varint(of value: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: value &<< 1 ^ value &>> 31))
  }
}

/// Zigzag.
public enum WireSInt64: WireVarintScalar, WireMapKey {
  public typealias Value = Int64

  @inlinable @inline(__always)
  public static func value(of varint: UInt64) -> Int64 {
    Int64(bitPattern: varint &>> 1) ^ -Int64(bitPattern: varint & 1)
  }
  @inlinable @inline(__always)
  public static func varint(of value: Int64) -> UInt64 {
    UInt64(bitPattern: value &<< 1 ^ value &>> 63)
  }
}

public enum WireBool: WireVarintScalar, WireMapKey {
  public typealias Value = Bool

  @inlinable @inline(__always)
  public static func value(of varint: UInt64) -> Bool { varint != 0 }
  @inlinable @inline(__always)
  public static func varint(of value: Bool) -> UInt64 { value ? 1 : 0 }
  public static func precedes(_ lhs: Bool, _ rhs: Bool) -> Bool { !lhs && rhs }
}
