/// A scalar type that is written little-endian, as wide as in memory.
///
/// ```swift
/// WireFloat.bits(of: 1)            // 0x3f80_0000
/// WireFloat.value(of: 0x3f80_0000)  // 1
/// ```
public protocol WireFixedScalar: WireScalar where Value: BitwiseCopyable {
  /// The unsigned integer of that width: `UInt32` or `UInt64`.
  associatedtype Bits: FixedWidthInteger & UnsignedInteger & BitwiseCopyable

  /// The value that such bits are.
  ///
  /// ```swift
  /// WireSFixed32.value(of: 0xffff_ffff)  // -1
  /// ```
  static func value(of bits: Bits) -> Value

  /// The bits of a value, which are written as they are.
  ///
  /// ```swift
  /// WireSFixed32.bits(of: -1)  // 0xffff_ffff
  /// ```
  static func bits(of value: Value) -> Bits
}

extension WireFixedScalar {
  @inlinable @inline(__always)
  public static var defaultValue: Value { value(of: 0) }

  // Negative zero is not the default: it is other bits.
  @inlinable @inline(__always)
  public static func isDefault(_ value: Value) -> Bool { bits(of: value) == 0 }
}

extension WireFixedScalar where Bits == UInt32 {
  @inlinable @inline(__always)
  public static var wireType: WireType { .fixed32 }

  @inlinable @inline(__always)
  public static func read(from reader: inout WireReader) throws(WireError) -> Value {
    value(of: try reader.cursor.fixed32())
  }

  @inlinable @inline(__always)
  public static func prepend(_ value: Value, to writer: inout WireWriter) {
    writer.buffer.reserve(4)
    writer.buffer.put(fixed32: bits(of: value))
  }
}

extension WireFixedScalar where Bits == UInt64 {
  @inlinable @inline(__always)
  public static var wireType: WireType { .fixed64 }

  @inlinable @inline(__always)
  public static func read(from reader: inout WireReader) throws(WireError) -> Value {
    value(of: try reader.cursor.fixed64())
  }

  @inlinable @inline(__always)
  public static func prepend(_ value: Value, to writer: inout WireWriter) {
    writer.buffer.reserve(8)
    writer.buffer.put(fixed64: bits(of: value))
  }
}

/// The type `fixed32`.
///
/// ```swift
/// WireFixed32.bits(of: 7)  // 7
/// ```
public enum WireFixed32: WireFixedScalar, WireMapKey {
  public typealias Value = UInt32
  public typealias Bits = UInt32

  @inlinable @inline(__always)
  public static func value(of bits: UInt32) -> UInt32 { bits }
  @inlinable @inline(__always)
  public static func bits(of value: UInt32) -> UInt32 { value }
}

/// The type `fixed64`.
///
/// ```swift
/// WireFixed64.bits(of: 7)  // 7
/// ```
public enum WireFixed64: WireFixedScalar, WireMapKey {
  public typealias Value = UInt64
  public typealias Bits = UInt64

  @inlinable @inline(__always)
  public static func value(of bits: UInt64) -> UInt64 { bits }
  @inlinable @inline(__always)
  public static func bits(of value: UInt64) -> UInt64 { value }
}

/// The type `sfixed32`.
///
/// ```swift
/// WireSFixed32.bits(of: -1)  // 0xffff_ffff
/// ```
public enum WireSFixed32: WireFixedScalar, WireMapKey {
  public typealias Value = Int32
  public typealias Bits = UInt32

  @inlinable @inline(__always)
  public static func value(of bits: UInt32) -> Int32 { Int32(bitPattern: bits) }
  @inlinable @inline(__always)
  public static func bits(of value: Int32) -> UInt32 { UInt32(bitPattern: value) }
}

/// The type `sfixed64`.
///
/// ```swift
/// WireSFixed64.bits(of: -1)  // 0xffff_ffff_ffff_ffff
/// ```
public enum WireSFixed64: WireFixedScalar, WireMapKey {
  public typealias Value = Int64
  public typealias Bits = UInt64

  @inlinable @inline(__always)
  public static func value(of bits: UInt64) -> Int64 { Int64(bitPattern: bits) }
  @inlinable @inline(__always)
  public static func bits(of value: Int64) -> UInt64 { UInt64(bitPattern: value) }
}

/// The type `float`.
///
/// ```swift
/// WireFloat.isDefault(-0.0)  // false: it is written
/// ```
public enum WireFloat: WireFixedScalar {
  public typealias Value = Float
  public typealias Bits = UInt32

  @inlinable @inline(__always)
  public static func value(of bits: UInt32) -> Float { Float(bitPattern: bits) }
  @inlinable @inline(__always)
  public static func bits(of value: Float) -> UInt32 { value.bitPattern }
}

/// The type `double`.
///
/// ```swift
/// WireDouble.bits(of: 1)  // 0x3ff0_0000_0000_0000
/// ```
public enum WireDouble: WireFixedScalar {
  public typealias Value = Double
  public typealias Bits = UInt64

  @inlinable @inline(__always)
  public static func value(of bits: UInt64) -> Double { Double(bitPattern: bits) }
  @inlinable @inline(__always)
  public static func bits(of value: Double) -> UInt64 { value.bitPattern }
}
