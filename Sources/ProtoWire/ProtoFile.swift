/// The descriptor of a .proto file, as reflection serves it.
///
/// Generated code has one for each file:
///
/// ```swift
/// let file = ProtoFile.users_v1_users
/// file.name          // "users/v1/users.proto"
/// file.dependencies  // those that it imports
/// ```
public struct ProtoFile: Sendable {
  /// Path of the file, such as `users/v1/users.proto`.
  public let name: String

  /// A serialized google.protobuf.FileDescriptorProto, without comments.
  public let serialized: [UInt8]

  /// The files that this one imports.
  public let dependencies: [ProtoFile]

  /// A file with a serialized descriptor, for example from `protoc --descriptor_set_out`.
  ///
  /// ```swift
  /// let file = ProtoFile(name: "a.proto", serialized: bytes, dependencies: [.google_protobuf_any])
  /// ```
  public init(name: String, serialized: [UInt8], dependencies: [ProtoFile] = []) {
    self.name = name
    self.serialized = serialized
    self.dependencies = dependencies
  }

  /// A file with its descriptor in base64, as in generated code. Skips characters outside the alphabet, such as line
  /// breaks.
  ///
  /// ```swift
  /// let file = ProtoFile(name: "a.proto", base64: "CgdhLnByb3Rv", dependencies: [])
  /// ```
  public init(name: String, base64: StaticString, dependencies: [ProtoFile]) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(base64.utf8CodeUnitCount / 4 * 3)
    var bits: UInt32 = 0
    var bitCount = 0
    base64.withUTF8Buffer { text in
      for character in text {
        guard let value = Self.base64Value(of: character) else { continue }
        bits = bits << 6 | value
        bitCount += 6
        if bitCount >= 8 {
          bitCount -= 8
          bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
        }
      }
    }
    self.init(name: name, serialized: bytes, dependencies: dependencies)
  }

  /// RFC 4648, section 4.
  private static func base64Value(of character: UInt8) -> UInt32? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
  }
}
