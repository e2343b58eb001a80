import ProtoWire

/// A default that a .proto file declares, as a Swift expression.
/// <https://protobuf.dev/programming-guides/proto2/#explicit-defaults>
struct DefaultValue {
  /// nil if none is declared.
  let literal: String?

  init(_ field: Field, _ schema: Schema) {
    guard let text = field.descriptor.defaultValue else {
      literal = nil
      return
    }
    switch field.descriptor.type {
    case .string: literal = Self.quoted(text)
    case .bytes: literal = "[" + Self.unescaped(text).map { String($0) }.joined(separator: ", ") + "]"
    case .float, .double: literal = Self.floating(text, field.type)
    case .enum:
      let type = schema.enums[field.descriptor.typeName ?? ""]
      let index = type?.descriptor.value.firstIndex { $0.name == text }
      literal = index.flatMap { index in type.map { ".\($0.cases[index])" } }
    default: literal = text
    }
  }

  private static func floating(_ text: String, _ type: String) -> String {
    switch text {
    case "inf": ".infinity"
    case "-inf": "-\(type).infinity"
    case "nan", "-nan": ".nan"
    default: text
    }
  }

  private static func quoted(_ text: String) -> String {
    let escaped = text.unicodeScalars.map { scalar in
      switch scalar {
      case "\"", "\\": "\\" + String(scalar)
      case _ where scalar.value < 0x20 || scalar.value == 0x7f: "\\u{" + String(scalar.value, radix: 16) + "}"
      default: String(scalar)
      }
    }
    return "\"" + escaped.joined() + "\""
  }

  /// protoc writes bytes with the escapes of C.
  private static func unescaped(_ text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "\\"), let escape = rest.popFirst() else {
        bytes.append(byte)
        continue
      }
      switch escape {
      case UInt8(ascii: "n"): bytes.append(0x0a)
      case UInt8(ascii: "r"): bytes.append(0x0d)
      case UInt8(ascii: "t"): bytes.append(0x09)
      case UInt8(ascii: "x"): bytes.append(number(16, 2, &rest))
      case UInt8(ascii: "0")...UInt8(ascii: "7"):
        rest = [escape] + rest
        bytes.append(number(8, 3, &rest))
      default: bytes.append(escape)
      }
    }
    return bytes
  }

  private static func number(_ radix: Int, _ limit: Int, _ rest: inout ArraySlice<UInt8>) -> UInt8 {
    var value = 0
    for _ in 0..<limit {
      guard let digit = rest.first, let digit = Character(UnicodeScalar(digit)).hexDigitValue, digit < radix else {
        break
      }
      value = value * radix + digit
      rest.removeFirst()
    }
    return UInt8(truncatingIfNeeded: value)
  }
}
