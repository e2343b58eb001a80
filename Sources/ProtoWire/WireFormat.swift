/// How the bytes of a field are laid out: the low three bits of its tag.
///
/// <https://protobuf.dev/programming-guides/encoding/#structure>
public enum WireType: UInt32, Sendable, Hashable {
  case varint = 0
  case fixed64 = 1
  /// A length as a varint, and that many bytes.
  case delimited = 2
  case startGroup = 3
  case endGroup = 4
  case fixed32 = 5
}

/// The arithmetic of tags. A tag is a varint of `number << 3 | wireType`.
public enum WireTag {
  /// The largest field number, 2^29 - 1.
  public static let maximumFieldNumber: UInt32 = 536_870_911

  /// The tag of a field. The number must be at most `maximumFieldNumber`.
  @inlinable @inline(__always)
  public static func make(_ number: UInt32, _ type: WireType) -> UInt32 {
    number &<< 3 | type.rawValue
  }

  @inlinable @inline(__always)
  public static func fieldNumber(of tag: UInt32) -> UInt32 {
    tag &>> 3
  }
}
