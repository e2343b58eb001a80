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
    let hyphen = UInt8(ascii: "-")
    guard bytes[8] == hyphen, bytes[13] == hyphen, bytes[18] == hyphen, bytes[23] == hyphen else { return nil }
    guard let a = number(bytes[0..<8]), let b = number(bytes[9..<13]), let c = number(bytes[14..<18]),
      let d = number(bytes[19..<23]), let e = number(bytes[24..<36])
    else { return nil }
    return UserID(high: a << 32 | b << 16 | c, low: d << 48 | e)
  }

  private static func number(_ digits: Slice<UnsafeBufferPointer<UInt8>>) -> UInt64? {
    var number: UInt64 = 0
    for digit in digits {
      guard let value = value(digit) else { return nil }
      number = number << 4 | value
    }
    return number
  }

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
      let bytes = UnsafeMutableRawBufferPointer(buffer)
      func put(_ digits: UInt64, at offset: Int) {
        bytes.storeBytes(of: digits.bigEndian, toByteOffset: offset, as: UInt64.self)
      }
      // Eight digits at a time. A group has four or twelve, so each store overwrites the excess of the one before it.
      let (b, c) = (Self.hexadecimal(high), Self.hexadecimal(low >> 32))
      put(Self.hexadecimal(high >> 32), at: 0)
      put(b, at: 9)
      put(b << 32, at: 14)
      put(c, at: 19)
      put(c << 32, at: 24)
      put(Self.hexadecimal(low), at: 28)
      let hyphen = UInt8(ascii: "-")
      (buffer[8], buffer[13], buffer[18], buffer[23]) = (hyphen, hyphen, hyphen, hyphen)
      return 36
    }
  }

  /// The low 32 bits as eight ASCII digits, the first in the highest byte. Spreads each four bits to a byte of its own,
  /// and adds "0" to each, and to those above nine the distance from ":" to "a" as well.
  private static func hexadecimal(_ word: UInt64) -> UInt64 {
    var digits = word & 0xffff_ffff
    digits = (digits << 16 | digits) & 0x0000_ffff_0000_ffff
    digits = (digits << 8 | digits) & 0x00ff_00ff_00ff_00ff
    digits = (digits << 4 | digits) & 0x0f0f_0f0f_0f0f_0f0f
    let letters = (digits + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
    return digits + 0x3030_3030_3030_3030 + letters * 39
  }
}
