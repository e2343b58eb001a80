/// Base64 as gRPC uses it for `-bin` metadata: sent without padding, accepted with or without. RFC 4648, section 4.
package enum Base64 {
  private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  package static func encode(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count * 4 + 2) / 3)
    var bits: UInt32 = 0
    var bitCount: UInt32 = 0
    for byte in bytes {
      bits = bits << 8 | UInt32(byte)
      bitCount += 8
      while bitCount >= 6 {
        bitCount -= 6
        text.append(alphabet[Int((bits >> bitCount) & 63)])
      }
    }
    if bitCount > 0 { text.append(alphabet[Int((bits << (6 - bitCount)) & 63)]) }
    return text
  }

  /// nil if a character is outside the alphabet or the length is impossible. Spaces around the text are ignored.
  package static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    var characters = text[...]
    while characters.first == UInt8(ascii: " ") { characters.removeFirst() }
    while characters.last == UInt8(ascii: " ") { characters.removeLast() }
    var padding = 0
    while padding < 2, characters.last == UInt8(ascii: "=") {
      characters.removeLast()
      padding += 1
    }
    if padding > 0, (characters.count + padding) % 4 != 0 { return nil }
    guard characters.count % 4 != 1 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(characters.count * 3 / 4)
    var bits: UInt32 = 0
    var bitCount: UInt32 = 0
    for character in characters {
      guard let value = value(of: character) else { return nil }
      bits = bits << 6 | value
      bitCount += 6
      if bitCount >= 8 {
        bitCount -= 8
        bytes.append(UInt8(truncatingIfNeeded: bits >> bitCount))
      }
    }
    return bytes
  }

  fileprivate static func value(of character: UInt8) -> UInt32? {
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

extension Base64 {
  /// With padding, so that it stands for itself in a stream of such pieces: the body of gRPC-Web's text form.
  package static func encodePadded(_ bytes: [UInt8]) -> [UInt8] {
    let text = encode(bytes)
    return text + [UInt8](repeating: UInt8(ascii: "="), count: (4 - text.count % 4) % 4)
  }

  /// Decodes base64 that comes in pieces, cut anywhere, and that may have padding at the end of any group of four.
  package struct Stream: Sendable {
    private var bits: UInt32 = 0
    /// Characters of the group that is not whole, its padding included.
    private var count = 0
    private var padding = 0
    private var isDamaged = false

    package init() {}

    /// The bytes that are known by now; nil if it is no base64, then and from then on.
    package mutating func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
      var bytes: [UInt8] = []
      bytes.reserveCapacity(text.count * 3 / 4 + 3)
      for character in text {
        if isDamaged { break }
        if character == UInt8(ascii: "=") {
          isDamaged = count < 2
          padding += 1
          bits <<= 6
        } else if let value = Base64.value(of: character), padding == 0 {
          bits = bits << 6 | value
        } else {
          isDamaged = true
        }
        count += 1
        if count == 4 { takeGroup(into: &bytes) }
      }
      return isDamaged ? nil : bytes
    }

    private mutating func takeGroup(into bytes: inout [UInt8]) {
      for index in 0..<(3 - min(padding, 3)) { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(16 - 8 * index))) }
      bits = 0
      count = 0
      padding = 0
    }
  }
}
