/// base64url without padding (RFC 4648, section 5), for texts that callers get: etags, page tokens, access tokens.
///
/// Decoding is strict: it accepts only the text that `encode` writes, so that no two texts stand for the same bytes.
package enum Base64URL {
  private static let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

  package static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
    let count = (bytes.count * 4 + 2) / 3
    return String(unsafeUninitializedCapacity: count) { buffer in
      let digits = alphabet.utf8Start
      var (bits, held, written) = (0 as UInt32, 0, 0)
      for byte in bytes {
        bits = bits << 8 | UInt32(byte)
        held += 8
        while held >= 6 {
          held -= 6
          buffer[written] = digits[Int(bits >> UInt32(held) & 63)]
          written += 1
        }
      }
      if held > 0 {
        buffer[written] = digits[Int(bits << UInt32(6 - held) & 63)]
        written += 1
      }
      return written
    }
  }

  package static func encode(_ bytes: [UInt8]) -> String { bytes.withUnsafeBytes { encode($0) } }

  /// Nil if the text is not exactly what `encode` makes of some bytes.
  package static func decode(_ text: String) -> [UInt8]? {
    var text = text
    return text.withUTF8 { decode(UnsafeRawBufferPointer($0)) }
  }

  /// The same for a text in memory.
  package static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    guard text.count % 4 != 1 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.count / 4 * 3 + 2)
    var (bits, held) = (0 as UInt32, 0)
    for character in text {
      guard let value = value(character) else { return nil }
      bits = bits << 6 | value
      held += 6
      if held >= 8 {
        held -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
      }
    }
    // Left-over bits must be zero: otherwise several texts would stand for the same bytes.
    guard bits & ((1 << UInt32(held)) - 1) == 0 else { return nil }
    return bytes
  }

  private static func value(_ character: UInt8) -> UInt32? {
    switch character {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(character - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(character - UInt8(ascii: "a") + 26)
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(character - UInt8(ascii: "0") + 52)
    case UInt8(ascii: "-"): 62
    case UInt8(ascii: "_"): 63
    default: nil
    }
  }
}
