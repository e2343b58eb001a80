extension JSONPrinter {
  /// A string in quotes. Throws if it is not UTF-8.
  mutating func string(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONError) {
    output.append(UInt8(ascii: "\""))
    var isASCII = true
    var start = 0
    var position = 0
    let count = bytes.count
    while position < count {
      if let word = bytes.word(at: position), !Self.needsEscape(word) {
        if word & highBits != 0 { isASCII = false }
        position &+= 8
        continue
      }
      let byte = bytes[position]
      if byte >= 0x80 { isASCII = false }
      if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7f {
        output.append(UnsafeBufferPointer(rebasing: bytes[start..<position]))
        escape(byte)
        start = position &+ 1
      }
      position &+= 1
    }
    if start == 0 {
      output.append(bytes)
    } else {
      output.append(UnsafeBufferPointer(rebasing: bytes[start..<count]))
    }
    if !isASCII { try checkUTF8(bytes, .wire) }
    output.append(UInt8(ascii: "\""))
  }

  /// Whether one of eight bytes is a control character, a quote, a backslash or DEL.
  @inline(__always)
  private static func needsEscape(_ word: UInt64) -> Bool {
    let quote = (word ^ 0x2222_2222_2222_2222) &- lowBits
    let backslash = (word ^ 0x5c5c_5c5c_5c5c_5c5c) &- lowBits
    let delete = (word ^ 0x7f7f_7f7f_7f7f_7f7f) &- lowBits
    // A byte of these has its high bit if it was less than what was taken, or had it before: those are not ASCII, and
    // stay.
    return ((word &- 0x2020_2020_2020_2020) | quote | backslash | delete) & ~word & highBits != 0
  }

  private mutating func escape(_ byte: UInt8) {
    output.append(UInt8(ascii: "\\"))
    switch byte {
    case 0x08: output.append(UInt8(ascii: "b"))
    case 0x09: output.append(UInt8(ascii: "t"))
    case 0x0a: output.append(UInt8(ascii: "n"))
    case 0x0c: output.append(UInt8(ascii: "f"))
    case 0x0d: output.append(UInt8(ascii: "r"))
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): output.append(byte)
    default:
      output.append("u00")
      output.append(UInt8(ascii: "0") &+ byte >> 4)
      let low = byte & 0xf
      output.append(low < 10 ? UInt8(ascii: "0") &+ low : UInt8(ascii: "a") &+ (low &- 10))
    }
  }

  /// Standard base64 with padding. <https://www.rfc-editor.org/rfc/rfc4648#section-4>
  mutating func base64(_ bytes: UnsafeBufferPointer<UInt8>) {
    output.append(UInt8(ascii: "\""))
    var index = 0
    while index < bytes.count {
      let left = bytes.count - index
      let group =
        UInt32(bytes[index]) << 16
        | (left > 1 ? UInt32(bytes[index + 1]) << 8 : 0) | (left > 2 ? UInt32(bytes[index + 2]) : 0)
      output.append(Base64.digit(group >> 18))
      output.append(Base64.digit(group >> 12))
      output.append(left > 1 ? Base64.digit(group >> 6) : UInt8(ascii: "="))
      output.append(left > 2 ? Base64.digit(group) : UInt8(ascii: "="))
      index += 3
    }
    output.append(UInt8(ascii: "\""))
  }
}

private let lowBits: UInt64 = 0x0101_0101_0101_0101
private let highBits: UInt64 = 0x8080_8080_8080_8080

extension UnsafeBufferPointer<UInt8> {
  /// The eight bytes from an offset; nil if there are fewer.
  @inline(__always)
  fileprivate func word(at offset: Int) -> UInt64? {
    guard let baseAddress, offset &+ 8 <= count else { return nil }
    return UnsafeRawPointer(baseAddress).loadUnaligned(fromByteOffset: offset, as: UInt64.self)
  }
}

func checkUTF8(_ bytes: UnsafeBufferPointer<UInt8>, _ code: JSONError.Code) throws(JSONError) {
  do throws(UTF8.ValidationError) {
    _ = try UTF8Span(validating: bytes.span)
  } catch {
    throw JSONError(code, "a string is not UTF-8")
  }
}

enum Base64 {
  @inline(__always)
  static func digit(_ bits: UInt32) -> UInt8 {
    let value = UInt8(truncatingIfNeeded: bits & 63)
    return switch value {
    case 0..<26: UInt8(ascii: "A") &+ value
    case 26..<52: UInt8(ascii: "a") &+ (value &- 26)
    case 52..<62: UInt8(ascii: "0") &+ (value &- 52)
    case 62: UInt8(ascii: "+")
    default: UInt8(ascii: "/")
    }
  }

  /// Of the standard and of the URL-safe alphabet.
  @inline(__always)
  static func value(_ digit: UInt8) -> UInt32? {
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit &- UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit &- UInt8(ascii: "a")) &+ 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit &- UInt8(ascii: "0")) &+ 52
    case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
    case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
    default: nil
    }
  }
}
