/// The content of a string between its quotes, with its escapes.
struct JSONText {
  let bytes: UnsafeBufferPointer<UInt8>
  let hasEscapes: Bool
}

extension JSONReader {
  /// A string with its quotes. That all is UTF-8 was checked before. <https://www.rfc-editor.org/rfc/rfc8259#section-7>
  mutating func string() throws(JSONError) -> JSONText {
    guard next == UInt8(ascii: "\"") else { throw unexpected("a string is expected") }
    position += 1
    let first = position
    var hasEscapes = false
    while true {
      skipPlain()
      guard position < end else { throw unexpected("") }
      switch position.pointee {
      case UInt8(ascii: "\""):
        let bytes = UnsafeBufferPointer(start: first, count: position - first)
        position += 1
        return JSONText(bytes: bytes, hasEscapes: hasEscapes)
      case UInt8(ascii: "\\"):
        hasEscapes = true
        try skipEscape()
      case ..<0x20: throw error(.syntax, "a control character must be escaped")
      default: position += 1
      }
    }
  }

  /// Skips bytes that need no escape, eight at a time.
  @inline(__always)
  private mutating func skipPlain() {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let tops: UInt64 = 0x8080_8080_8080_8080
    while end - position >= 8 {
      let word = UnsafeRawPointer(position).loadUnaligned(as: UInt64.self)
      let quotes = word ^ (ones &* 0x22)
      let backslashes = word ^ (ones &* 0x5c)
      let special = (word &- ones &* 0x20) & ~word | (quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes
      if special & tops != 0 { break }
      position += 8
    }
    while position < end, position.pointee >= 0x20, position.pointee != UInt8(ascii: "\""),
      position.pointee != UInt8(ascii: "\\")
    {
      position += 1
    }
  }

  private mutating func skipEscape() throws(JSONError) {
    position += 1
    switch next {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
      UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      position += 1
    case UInt8(ascii: "u"):
      position += 1
      guard end - position >= 4, Self.hexadecimal(position) != nil else {
        throw unexpected("\\u takes four hexadecimal digits")
      }
      position += 4
    default: throw unexpected("there is no such escape")
    }
  }

  private static func hexadecimal(_ digits: UnsafePointer<UInt8>) -> UInt32? {
    var value: UInt32 = 0
    for index in 0..<4 {
      let digit = digits[index]
      let letter = (digit | 0x20) &- UInt8(ascii: "a")
      guard digit.isDigit || letter < 6 else { return nil }
      value = value << 4 | UInt32(digit.isDigit ? digit &- UInt8(ascii: "0") : letter &+ 10)
    }
    return value
  }

  /// Appends the string's content with its escapes replaced.
  func unescape(_ text: JSONText, to output: inout ByteBuffer) throws(JSONError) {
    guard text.hasEscapes, var byte = text.bytes.baseAddress else { return output.append(text.bytes) }
    let last = byte + text.bytes.count
    output.reserve(text.bytes.count)
    while byte < last {
      guard byte.pointee == UInt8(ascii: "\\") else {
        output.append(byte.pointee)
        byte += 1
        continue
      }
      // `string()` made sure that each escape is whole.
      let escape = byte
      byte += 2
      switch escape[1] {
      case UInt8(ascii: "b"): output.append(0x08)
      case UInt8(ascii: "f"): output.append(0x0c)
      case UInt8(ascii: "n"): output.append(0x0a)
      case UInt8(ascii: "r"): output.append(0x0d)
      case UInt8(ascii: "t"): output.append(0x09)
      case UInt8(ascii: "u"):
        var unit = Self.hexadecimal(byte) ?? 0
        byte += 4
        if unit & 0xfc00 == 0xd800, last - byte >= 6, byte[0] == UInt8(ascii: "\\"), byte[1] == UInt8(ascii: "u"),
          let low = Self.hexadecimal(byte + 2), low & 0xfc00 == 0xdc00
        {
          unit = 0x10000 + (unit & 0x3ff) << 10 + low & 0x3ff
          byte += 6
        }
        guard let scalar = Unicode.Scalar(unit) else {
          throw error(.syntax, "half of a surrogate pair stands alone", at: escape)
        }
        for unit in UTF8.encode(scalar).unsafelyUnwrapped { output.append(unit) }
      default: output.append(escape[1])
      }
    }
  }
}
