/// How the bytes of a field are laid out: the low three bits of its tag.
///
/// <https://protobuf.dev/programming-guides/encoding/#structure>
///
/// ```swift
/// WireType(rawValue: 0x0a & 7)  // .delimited
/// WireInt32.wireType            // .varint
/// ```
public enum WireType: UInt32, Sendable, Hashable {
  /// Groups of seven bits, the lowest first: integers, bool, enums.
  case varint = 0
  /// Eight bytes, the lowest first: fixed64, sfixed64, double.
  case fixed64 = 1
  /// A length as a varint, and that many bytes: strings, bytes, messages, packed values.
  case delimited = 2
  /// Begins a group, whose fields follow.
  case startGroup = 3
  /// Ends the group of the same number.
  case endGroup = 4
  /// Four bytes, the lowest first: fixed32, sfixed32, float.
  case fixed32 = 5
}

/// The arithmetic of tags. A tag is a varint of `number << 3 | wireType`.
///
/// ```swift
/// WireTag.make(1, .delimited)       // 0x0a
/// WireTag.fieldNumber(of: 0x0a)      // 1
/// ```
public enum WireTag {
  /// The largest field number, 2^29 - 1.
  ///
  /// ```swift
  /// WireTag.make(WireTag.maximumFieldNumber, .varint)  // 0xffff_fff8
  /// ```
  public static let maximumFieldNumber: UInt32 = 536_870_911

  /// The tag of a field. The number must be at most `maximumFieldNumber`.
  ///
  /// ```swift
  /// WireTag.make(2, .varint)  // 0x10
  /// ```
  @inlinable @inline(__always)
  public static func make(_ number: UInt32, _ type: WireType) -> UInt32 {
    number &<< 3 | type.rawValue
  }

  /// The number of the field that a tag begins.
  ///
  /// ```swift
  /// WireTag.fieldNumber(of: 0x10)  // 2
  /// ```
  @inlinable @inline(__always)
  public static func fieldNumber(of tag: UInt32) -> UInt32 {
    tag &>> 3
  }
}
