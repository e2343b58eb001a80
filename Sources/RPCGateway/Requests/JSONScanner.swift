/// Steps over a JSON text that was found to be valid, or finds out that it is not. It decodes nothing but names.
/// RFC 8259.
struct JSONScanner {
  private static let depthLimit = 100

  private let text: ArraySlice<UInt8>
  private var index: Int

  init(_ text: ArraySlice<UInt8>) {
    self.text = text
    index = text.startIndex
  }

  /// Whether a text is one JSON value, as far as its brackets and strings go.
  static func isOneValue(_ text: [UInt8]) -> Bool {
    var scanner = JSONScanner(text[...])
    guard scanner.value() != nil else { return false }
    scanner.skipSpace()
    return scanner.index == text.endIndex
  }

  /// The members of an object, with their values as they stand there; nil if it is no object.
  static func members(_ text: ArraySlice<UInt8>) -> [(name: String, value: ArraySlice<UInt8>)]? {
    var scanner = JSONScanner(text)
    var members: [(name: String, value: ArraySlice<UInt8>)] = []
    guard scanner.take(UInt8(ascii: "{")) else { return nil }
    if scanner.take(UInt8(ascii: "}")) { return members }
    repeat {
      guard let name = scanner.string(), scanner.take(UInt8(ascii: ":")), let value = scanner.value() else {
        return nil
      }
      members.append((unescaped(name), value))
    } while scanner.take(UInt8(ascii: ","))
    return scanner.take(UInt8(ascii: "}")) ? members : nil
  }

  /// The elements of an array, as they stand there; nil if it is no array.
  static func elements(_ text: ArraySlice<UInt8>) -> [ArraySlice<UInt8>]? {
    var scanner = JSONScanner(text)
    var elements: [ArraySlice<UInt8>] = []
    guard scanner.take(UInt8(ascii: "[")) else { return nil }
    if scanner.take(UInt8(ascii: "]")) { return elements }
    repeat {
      guard let value = scanner.value() else { return nil }
      elements.append(value)
    } while scanner.take(UInt8(ascii: ","))
    return scanner.take(UInt8(ascii: "]")) ? elements : nil
  }

  private mutating func skipSpace() {
    while index < text.endIndex, [0x20, 0x09, 0x0a, 0x0d].contains(text[index]) { index += 1 }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    guard index < text.endIndex, text[index] == byte else { return false }
    index += 1
    return true
  }

  /// What is between quotes.
  private mutating func string() -> ArraySlice<UInt8>? {
    guard take(UInt8(ascii: "\"")) else { return nil }
    let start = index
    while index < text.endIndex {
      switch text[index] {
      case UInt8(ascii: "\""):
        index += 1
        return text[start..<(index - 1)]
      case UInt8(ascii: "\\"): index += 2
      default: index += 1
      }
    }
    index = text.endIndex
    return nil
  }

  /// The next value, with brackets that match.
  private mutating func value() -> ArraySlice<UInt8>? {
    skipSpace()
    let start = index
    var open: [UInt8] = []
    repeat {
      skipSpace()
      guard index < text.endIndex else { return nil }
      switch text[index] {
      case UInt8(ascii: "\""):
        guard string() != nil else { return nil }
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        guard open.count < Self.depthLimit else { return nil }
        open.append(text[index] + 2)
        index += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        guard open.popLast() == text[index] else { return nil }
        index += 1
      case UInt8(ascii: ","), UInt8(ascii: ":"):
        guard !open.isEmpty else { return nil }
        index += 1
      default:
        let first = index
        while index < text.endIndex, Self.isWord(text[index]) { index += 1 }
        guard index > first else { return nil }
      }
    } while !open.isEmpty
    return text[start..<index]
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
      true
    default: false
    }
  }

  /// Names of fields are ASCII, so a name with an escape of another character is no field's.
  private static func unescaped(_ name: ArraySlice<UInt8>) -> String {
    guard name.contains(UInt8(ascii: "\\")) else { return String(decoding: name, as: UTF8.self) }
    var output = ""
    var rest = String(decoding: name, as: UTF8.self)[...]
    while let character = rest.popFirst() {
      guard character == "\\", let escaped = rest.popFirst() else {
        output.append(character)
        continue
      }
      if escaped == "u", let number = UInt32(rest.prefix(4), radix: 16), let scalar = Unicode.Scalar(number) {
        output.unicodeScalars.append(scalar)
        rest = rest.dropFirst(4)
      } else {
        output.append(escaped)
      }
    }
    return output
  }
}
