extension UserID: CustomStringConvertible {
  /// Reads the text form of RFC 9562, section 4: 32 hexadecimal digits in either case, in groups of 8-4-4-4-12 with
  /// hyphens between. Nothing else is accepted: no braces, no `urn:uuid:`, no spaces.
  public init?(_ text: String) {
    var text = text
    guard let id = text.withUTF8({ Self.parse($0) }) else { return nil }
    self = id
  }

  private static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> UserID? {
    guard bytes.count == 36 else { return nil }
    var high: UInt64 = 0
    var low: UInt64 = 0
    var digits = 0
    for index in 0..<36 {
      let byte = bytes[index]
      if isHyphen(index) {
        guard byte == UInt8(ascii: "-") else { return nil }
        continue
      }
      guard let digit = value(byte) else { return nil }
      if digits < 16 { high = high << 4 | digit } else { low = low << 4 | digit }
      digits += 1
    }
    return UserID(high: high, low: low)
  }

  private static func isHyphen(_ index: Int) -> Bool { index == 8 || index == 13 || index == 18 || index == 23 }

  private static func value(_ byte: UInt8) -> UInt64? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt64(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt64(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt64(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }

  /// The canonical text form: 36 characters, lower case. One allocation.
  public var description: String {
    String(unsafeUninitializedCapacity: 36) { buffer in
      var shift = 60
      var word = high
      for index in 0..<36 {
        if Self.isHyphen(index) {
          buffer[index] = UInt8(ascii: "-")
          continue
        }
        let digit = UInt8(truncatingIfNeeded: word >> UInt64(shift)) & 0xf
        buffer[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
        if shift == 0 {
          word = low
          shift = 60
        } else {
          shift -= 4
        }
      }
      return 36
    }
  }
}
