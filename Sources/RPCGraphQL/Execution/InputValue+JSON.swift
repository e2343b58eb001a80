/// Reads JSON (RFC 8259). Of members of the same name the last one counts.
extension InputValue {
  /// Nil if the text is not JSON, or nested deeper than 64.
  init?(json text: [UInt8]) {
    guard String(validating: text, as: UTF8.self) != nil else { return nil }
    var reader = JSONValueReader(text)
    guard let value = reader.document() else { return nil }
    self = value
  }
}

private struct JSONValueReader {
  private static let depthLimit = 64
  private let text: [UInt8]
  private var index = 0

  init(_ text: [UInt8]) { self.text = text }

  mutating func document() -> InputValue? {
    let value = value(depth: 0)
    skipSpace()
    return index == text.count ? value : nil
  }

  private mutating func skipSpace() {
    while index < text.count, [0x20, 0x09, 0x0a, 0x0d].contains(text[index]) { index += 1 }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    guard index < text.count, text[index] == byte else { return false }
    index += 1
    return true
  }

  private mutating func take(word: StaticString) -> Bool {
    let end = index + word.utf8CodeUnitCount
    guard end <= text.count,
      text[index..<end].elementsEqual(UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
    else { return false }
    index = end
    return true
  }

  private mutating func value(depth: Int) -> InputValue? {
    skipSpace()
    guard index < text.count, depth < Self.depthLimit else { return nil }
    switch text[index] {
    case UInt8(ascii: "{"): return object(depth)
    case UInt8(ascii: "["): return list(depth)
    case UInt8(ascii: "\""): return string().map(InputValue.string)
    case UInt8(ascii: "t"): return take(word: "true") ? .boolean(true) : nil
    case UInt8(ascii: "f"): return take(word: "false") ? .boolean(false) : nil
    case UInt8(ascii: "n"): return take(word: "null") ? .null : nil
    default: return number()
    }
  }

  private mutating func object(_ depth: Int) -> InputValue? {
    index += 1
    var members: [Member] = []
    var places: [String: Int] = [:]
    if take(UInt8(ascii: "}")) { return .object([]) }
    repeat {
      skipSpace()
      guard let name = string(), take(UInt8(ascii: ":")), let value = value(depth: depth + 1) else { return nil }
      let member = Member(name: name, value: value)
      if let place = places[name] {
        members[place] = member
      } else {
        places[name] = members.count
        members.append(member)
      }
    } while take(UInt8(ascii: ","))
    return take(UInt8(ascii: "}")) ? .object(members) : nil
  }

  typealias Member = InputValue.Member

  private mutating func list(_ depth: Int) -> InputValue? {
    index += 1
    var values: [InputValue] = []
    if take(UInt8(ascii: "]")) { return .list([]) }
    repeat {
      guard let value = value(depth: depth + 1) else { return nil }
      values.append(value)
    } while take(UInt8(ascii: ","))
    return take(UInt8(ascii: "]")) ? .list(values) : nil
  }

  private mutating func string() -> String? {
    guard index < text.count, text[index] == UInt8(ascii: "\"") else { return nil }
    index += 1
    var output: [UInt8] = []
    while index < text.count {
      let byte = text[index]
      index += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: output, as: UTF8.self)
      case UInt8(ascii: "\\"):
        guard let scalar = escape() else { return nil }
        output += Array(String(scalar).utf8)
      case 0..<0x20: return nil
      default: output.append(byte)
      }
    }
    return nil
  }

  private mutating func escape() -> Unicode.Scalar? {
    guard index < text.count else { return nil }
    let byte = text[index]
    index += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      guard let first = fourDigits() else { return nil }
      guard (0xd800..<0xdc00).contains(first) else { return Unicode.Scalar(first) }
      guard take(word: "\\u"), let second = fourDigits(), (0xdc00..<0xe000).contains(second) else { return nil }
      return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
    default: return nil
    }
  }

  private mutating func fourDigits() -> UInt32? {
    guard index + 4 <= text.count, text[index..<(index + 4)].allSatisfy({ $0.isDigit || ($0 | 0x20) &- 0x61 < 6 })
    else {
      return nil
    }
    defer { index += 4 }
    return UInt32(String(decoding: text[index..<(index + 4)], as: UTF8.self), radix: 16)
  }

  private mutating func number() -> InputValue? {
    let start = index
    if text[index] == UInt8(ascii: "-") { index += 1 }
    let first = index
    guard digits() else { return nil }
    if text[first] == UInt8(ascii: "0"), index > first + 1 { return nil }
    if index < text.count, text[index] == UInt8(ascii: ".") {
      index += 1
      guard digits() else { return nil }
    }
    if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
      index += 1
      if index < text.count, text[index] == UInt8(ascii: "+") || text[index] == UInt8(ascii: "-") { index += 1 }
      guard digits() else { return nil }
    }
    return .number(String(decoding: text[start..<index], as: UTF8.self))
  }

  private mutating func digits() -> Bool {
    let start = index
    while index < text.count, text[index].isDigit { index += 1 }
    return index > start
  }
}
