/// Strings. https://spec.graphql.org/October2021/#sec-String-Value
extension Lexer {
  mutating func string() throws(SyntaxError) -> Token {
    let start = index
    var value: [UInt8] = []
    index += 1
    while index < text.count {
      switch text[index] {
      case UInt8(ascii: "\""):
        index += 1
        return Token(kind: .string, start: start, end: index, value: String(decoding: value, as: UTF8.self))
      case UInt8(ascii: "\\"): value += Array(String(try escape()).utf8)
      case 0x0a, 0x0d: throw error("a string has no end", at: index)
      default:
        value.append(text[index])
        index += 1
      }
    }
    throw error("a string has no end", at: index)
  }

  private mutating func escape() throws(SyntaxError) -> Unicode.Scalar {
    let start = index
    let escaped: Unicode.Scalar
    switch byte(index + 1) {
    case UInt8(ascii: "\""): escaped = "\""
    case UInt8(ascii: "\\"): escaped = "\\"
    case UInt8(ascii: "/"): escaped = "/"
    case UInt8(ascii: "b"): escaped = "\u{8}"
    case UInt8(ascii: "f"): escaped = "\u{c}"
    case UInt8(ascii: "n"): escaped = "\n"
    case UInt8(ascii: "r"): escaped = "\r"
    case UInt8(ascii: "t"): escaped = "\t"
    case UInt8(ascii: "u"):
      guard let scalar = byte(index + 2) == UInt8(ascii: "{") ? variableEscape() : fixedEscape() else {
        throw error("an escape is malformed", at: start)
      }
      return scalar
    default: throw error("an escape is malformed", at: start)
    }
    index += 2
    return escaped
  }

  /// `\u{1F600}`
  private mutating func variableEscape() -> Unicode.Scalar? {
    var place = index + 3
    var value: UInt32 = 0
    while let digit = byte(place).hexDigit {
      guard value < 0x110000 else { return nil }
      value = value << 4 | digit
      place += 1
    }
    guard place > index + 3, byte(place) == UInt8(ascii: "}") else { return nil }
    index = place + 1
    return Unicode.Scalar(value)
  }

  /// `\u00e9`, or two that are a pair of surrogates.
  private mutating func fixedEscape() -> Unicode.Scalar? {
    guard let first = fourDigits(index + 2) else { return nil }
    index += 6
    guard (0xd800..<0xdc00).contains(first) else { return Unicode.Scalar(first) }
    guard byte(index) == UInt8(ascii: "\\"), byte(index + 1) == UInt8(ascii: "u"), let second = fourDigits(index + 2),
      (0xdc00..<0xe000).contains(second)
    else { return nil }
    index += 6
    return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
  }

  private func fourDigits(_ place: Int) -> UInt32? {
    var value: UInt32 = 0
    for offset in 0..<4 {
      guard let digit = byte(place + offset).hexDigit else { return nil }
      value = value << 4 | digit
    }
    return value
  }

  // MARK: Blocks

  /// Between `"""`; line ends become `\n`.
  mutating func blockString() throws(SyntaxError) -> Token {
    let start = index
    var lines: [[UInt8]] = [[]]
    index += 3
    while index < text.count {
      switch text[index] {
      case UInt8(ascii: "\"") where byte(index + 1) == text[index] && byte(index + 2) == text[index]:
        index += 3
        return Token(kind: .blockString, start: start, end: index, value: Self.block(lines))
      case UInt8(ascii: "\\") where text[(index + 1)...].starts(with: "\"\"\"".utf8):
        lines[lines.count - 1] += Array("\"\"\"".utf8)
        index += 4
      case 0x0a, 0x0d:
        index += byte(index) == 0x0d && byte(index + 1) == 0x0a ? 2 : 1
        lines.append([])
      default:
        lines[lines.count - 1].append(text[index])
        index += 1
      }
    }
    throw error("a string has no end", at: index)
  }

  /// Without the indentation that all lines but the first share, and without blank lines around.
  /// https://spec.graphql.org/October2021/#BlockStringValue()
  private static func block(_ lines: [[UInt8]]) -> String {
    func indentation(_ line: [UInt8]) -> Int { line.prefix { $0 == 0x20 || $0 == 0x09 }.count }
    let filled = lines.indices.filter { indentation(lines[$0]) < lines[$0].count }
    guard let first = filled.first, let last = filled.last else { return "" }
    let common = filled.dropFirst(first == 0 ? 1 : 0).map { indentation(lines[$0]) }.min() ?? 0
    let cut = lines.enumerated().map { $0 == 0 ? $1[...] : $1.dropFirst(common) }
    return cut[first...last].map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
  }
}

extension UInt8 {
  fileprivate var hexDigit: UInt32? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(self - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(self - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(self - UInt8(ascii: "A") + 10)
    default: nil
    }
  }
}
