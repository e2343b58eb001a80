/// Looks for a string among the fields of an encoded message, without decoding the others.
/// https://protobuf.dev/programming-guides/encoding/
enum WireText {
  /// The last value of a field; nil if it is absent, or if the bytes are no message.
  static func value(_ number: Int32, in message: UnsafeRawBufferPointer) -> String? {
    var index = 0
    var found: String?
    func varint() -> UInt64? {
      var value: UInt64 = 0
      for shift in stride(from: UInt64(0), to: 70, by: 7) {
        guard index < message.count else { return nil }
        let byte = message[index]
        index += 1
        value |= UInt64(byte & 0x7f) << shift
        if byte < 0x80 { return value }
      }
      return nil
    }
    while index < message.count {
      guard let tag = varint() else { return nil }
      switch tag & 7 {
      case 0: guard varint() != nil else { return nil }
      case 1: index += 8
      case 5: index += 4
      case 2:
        guard let length = varint().flatMap({ Int(exactly: $0) }), length <= message.count - index else { return nil }
        if tag >> 3 == UInt64(number) {
          found = String(decoding: message[index..<(index + length)], as: UTF8.self)
        }
        index += length
      // Groups are not skipped: no message that this server writes has one.
      default: return found
      }
    }
    return found
  }
}
