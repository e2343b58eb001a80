/// An open enum, as in proto3: it keeps numbers that have no name.
///
/// ```swift
/// struct Paint: WireEnum {
///   var rawValue: Int32 = 0
///   static let red = Paint(rawValue: 1)
/// }
/// Paint(rawValue: 9)  // kept, and written again
/// ```
public protocol WireEnum: Sendable, Hashable, RawRepresentable where RawValue == Int32 {
  /// The value of number 0.
  ///
  /// ```swift
  /// Paint().rawValue  // 0
  /// ```
  init()

  /// The value of any number, with a name or without.
  ///
  /// ```swift
  /// Paint(rawValue: 9).rawValue  // 9
  /// ```
  init(rawValue: Int32)
}

/// A closed enum, as in proto2: a number that has no name goes to the message's unknown fields.
/// <https://protobuf.dev/programming-guides/enum/>
///
/// ```swift
/// enum Kind: Int32, WireClosedEnum {
///   case round = 1, square = 2
///   init() { self = .round }
/// }
/// ```
public protocol WireClosedEnum: Sendable, Hashable, RawRepresentable where RawValue == Int32 {
  /// The value declared first.
  ///
  /// ```swift
  /// Kind()             // .round
  /// Kind(rawValue: 7)  // nil
  /// ```
  init()
}

/// An enum of proto3 as a field's type.
///
/// ```swift
/// color = try reader.read(WireOpenEnum<Paint>.self)
/// writer.prepend(ifNotDefault: color, as: WireOpenEnum<Paint>.self, tag: WireTag.make(13, .varint))
/// ```
public enum WireOpenEnum<E: WireEnum>: WireVarintScalar {
  /// A field of this type is the enum's struct in Swift.
  public typealias Value = E

  /// The value of number 0.
  @inlinable @inline(__always)
  public static var defaultValue: E { E() }
  /// The value of the low 32 bits, with a name or without.
  @inlinable @inline(__always)
  public static func value(of varint: UInt64) -> E { E(rawValue: Int32(truncatingIfNeeded: varint)) }
  /// The number, extended to 64 bits by its sign: a negative one takes ten bytes.
  @inlinable @inline(__always)
  public static func varint(of value: E) -> UInt64 { UInt64(truncatingIfNeeded: Int64(value.rawValue)) }
}

/// An enum of proto2 where its values are written. They are read by the functions below, which keep unknown numbers.
///
/// ```swift
/// writer.prepend(ifPresent: kind, as: WireClosedEnumValue<Kind>.self, tag: WireTag.make(11, .varint))
/// ```
public enum WireClosedEnumValue<E: WireClosedEnum>: WireVarintScalar {
  /// A field of this type is a Swift enum.
  public typealias Value = E

  /// The value that is declared first.
  @inlinable @inline(__always)
  public static var defaultValue: E { E() }
  /// The value of the low 32 bits; the one declared first for a number without a name.
  @inlinable @inline(__always)
  public static func value(of varint: UInt64) -> E { E(rawValue: Int32(truncatingIfNeeded: varint)) ?? E() }
  /// The number, extended to 64 bits by its sign: a negative one takes ten bytes.
  @inlinable @inline(__always)
  public static func varint(of value: E) -> UInt64 { UInt64(truncatingIfNeeded: Int64(value.rawValue)) }
}

extension WireReader {
  /// A value of a closed enum. A number without a name is kept in `unknownFields`, and nil is returned.
  ///
  /// ```swift
  /// if let value = try reader.readClosedEnum(Kind.self, unknownFields: &unknownFields) { kind = value }
  /// ```
  @inlinable
  public mutating func readClosedEnum<E: WireClosedEnum>(
    _: E.Type, unknownFields: inout UnknownFields
  ) throws(WireError) -> E? {
    closedEnum(try cursor.varint(), &unknownFields)
  }

  /// Many values of a closed enum, packed.
  ///
  /// ```swift
  /// try reader.readPackedClosedEnum(into: &history, unknownFields: &unknownFields)
  /// ```
  @inlinable
  public mutating func readPackedClosedEnum<E: WireClosedEnum>(
    into values: inout [E], unknownFields: inout UnknownFields
  ) throws(WireError) {
    let length = try cursor.length()
    var packed = WireCursor(position: cursor.position, end: cursor.position + length)
    while !packed.isAtEnd {
      if let value: E = closedEnum(try packed.varint(), &unknownFields) { values.append(value) }
    }
    cursor.position = packed.end
  }

  @inlinable
  func closedEnum<E: WireClosedEnum>(_ varint: UInt64, _ unknownFields: inout UnknownFields) -> E? {
    if let value = E(rawValue: Int32(truncatingIfNeeded: varint)) { return value }
    if !discardsUnknownFields {
      unknownFields.append(fieldNumber: currentFieldNumber, varint: varint)
    }
    return nil
  }
}
