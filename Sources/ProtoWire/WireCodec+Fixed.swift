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
  /// The value whose bits are all 0: the number 0.
  @inlinable @inline(__always)
  public static var defaultValue: Value { value(of: 0) }

  // Negative zero is not the default: it is other bits.
  /// Whether all bits are 0. Negative zero is not the default: its sign bit is set, so it is written.
  @inlinable @inline(__always)
  public static func isDefault(_ value: Value) -> Bool { bits(of: value) == 0 }
}

extension WireFixedScalar where Bits == UInt32 {
  /// Four bytes.
  @inlinable @inline(__always)
  public static var wireType: WireType { .fixed32 }

  /// Reads four bytes, little-endian.
  /// - Throws: `WireError` if the message ends before they do.
  @inlinable @inline(__always)
  public static func read(from reader: inout WireReader) throws(WireError) -> Value {
    value(of: try reader.cursor.fixed32())
  }

  /// Writes four bytes, little-endian.
  @inlinable @inline(__always)
  public static func prepend(_ value: Value, to writer: inout WireWriter) {
    writer.buffer.reserve(4)
    writer.buffer.put(fixed32: bits(of: value))
  }
}

extension WireFixedScalar where Bits == UInt64 {
  /// Eight bytes.
  @inlinable @inline(__always)
  public static var wireType: WireType { .fixed64 }

  /// Reads eight bytes, little-endian.
  /// - Throws: `WireError` if the message ends before they do.
  @inlinable @inline(__always)
  public static func read(from reader: inout WireReader) throws(WireError) -> Value {
    value(of: try reader.cursor.fixed64())
  }

  /// Writes eight bytes, little-endian.
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
  /// A field of this type is a `UInt32` in Swift.
  public typealias Value = UInt32
  /// As wide as the value: four bytes on the wire.
  public typealias Bits = UInt32

  /// The number itself.
  @inlinable @inline(__always)
  public static func value(of bits: UInt32) -> UInt32 { bits }
  /// The number itself.
  @inlinable @inline(__always)
  public static func bits(of value: UInt32) -> UInt32 { value }
}

/// The type `fixed64`.
///
/// ```swift
/// WireFixed64.bits(of: 7)  // 7
/// ```
public enum WireFixed64: WireFixedScalar, WireMapKey {
  /// A field of this type is a `UInt64` in Swift.
  public typealias Value = UInt64
  /// As wide as the value: eight bytes on the wire.
  public typealias Bits = UInt64

  /// The number itself.
  @inlinable @inline(__always)
  public static func value(of bits: UInt64) -> UInt64 { bits }
  /// The number itself.
  @inlinable @inline(__always)
  public static func bits(of value: UInt64) -> UInt64 { value }
}

/// The type `sfixed32`.
///
/// ```swift
/// WireSFixed32.bits(of: -1)  // 0xffff_ffff
/// ```
public enum WireSFixed32: WireFixedScalar, WireMapKey {
  /// A field of this type is an `Int32` in Swift.
  public typealias Value = Int32
  /// As wide as the value: four bytes on the wire.
  public typealias Bits = UInt32

  /// The signed number of these bits, in two's complement.
  @inlinable @inline(__always)
  public static func value(of bits: UInt32) -> Int32 { Int32(bitPattern: bits) }
  /// The bits of the number, in two's complement.
  @inlinable @inline(__always)
  public static func bits(of value: Int32) -> UInt32 { UInt32(bitPattern: value) }
}

/// The type `sfixed64`.
///
/// ```swift
/// WireSFixed64.bits(of: -1)  // 0xffff_ffff_ffff_ffff
/// ```
public enum WireSFixed64: WireFixedScalar, WireMapKey {
  /// A field of this type is an `Int64` in Swift.
  public typealias Value = Int64
  /// As wide as the value: eight bytes on the wire.
  public typealias Bits = UInt64

  /// The signed number of these bits, in two's complement.
  @inlinable @inline(__always)
  public static func value(of bits: UInt64) -> Int64 { Int64(bitPattern: bits) }
  /// The bits of the number, in two's complement.
  @inlinable @inline(__always)
  public static func bits(of value: Int64) -> UInt64 { UInt64(bitPattern: value) }
}

/// The type `float`.
///
/// ```swift
/// WireFloat.isDefault(-0.0)  // false: it is written
/// ```
public enum WireFloat: WireFixedScalar {
  /// A field of this type is a `Float` in Swift.
  public typealias Value = Float
  /// As wide as the value: four bytes on the wire.
  public typealias Bits = UInt32

  /// The number of these bits, in IEEE 754 single precision; a NaN keeps its payload.
  @inlinable @inline(__always)
  public static func value(of bits: UInt32) -> Float { Float(bitPattern: bits) }
  /// The bits of the number, in IEEE 754 single precision.
  @inlinable @inline(__always)
  public static func bits(of value: Float) -> UInt32 { value.bitPattern }
}

/// The type `double`.
///
/// ```swift
/// WireDouble.bits(of: 1)  // 0x3ff0_0000_0000_0000
/// ```
public enum WireDouble: WireFixedScalar {
  /// A field of this type is a `Double` in Swift.
  public typealias Value = Double
  /// As wide as the value: eight bytes on the wire.
  public typealias Bits = UInt64

  /// The number of these bits, in IEEE 754 double precision; a NaN keeps its payload.
  @inlinable @inline(__always)
  public static func value(of bits: UInt64) -> Double { Double(bitPattern: bits) }
  /// The bits of the number, in IEEE 754 double precision.
  @inlinable @inline(__always)
  public static func bits(of value: Double) -> UInt64 { value.bitPattern }
}
