/// YAML 1.2 in block style. https://yaml.org/spec/1.2.2/
extension JSONValue {
  var yaml: String {
    var output = ""
    switch self {
    case .object(let members) where !members.isEmpty: Self.write(members, to: &output, indentation: "")
    case .array(let elements) where !elements.isEmpty: Self.write(elements, to: &output, indentation: "")
    case .string(let text): output += Self.scalar(text) + "\n"
    default: output += flat + "\n"
    }
    return output
  }

  private static func write(_ members: [Member], to output: inout String, indentation: String, inList: Bool = false) {
    for (index, member) in members.enumerated() {
      // The first member of an element stands behind its dash.
      output += (inList && index == 0 ? "" : indentation) + scalar(member.name) + ":"
      member.value.write(behindKey: &output, indentation: indentation)
    }
  }

  private static func write(_ elements: [JSONValue], to output: inout String, indentation: String) {
    for element in elements {
      output += indentation + "-"
      switch element {
      case .object(let members) where !members.isEmpty:
        output += " "
        write(members, to: &output, indentation: indentation + "  ", inList: true)
      case .array(let nested) where !nested.isEmpty:
        output += "\n"
        write(nested, to: &output, indentation: indentation + "  ")
      case .string(let text): output += " " + scalar(text) + "\n"
      default: output += " " + element.flat + "\n"
      }
    }
  }

  private func write(behindKey output: inout String, indentation: String) {
    switch self {
    case .object(let members) where !members.isEmpty:
      output += "\n"
      Self.write(members, to: &output, indentation: indentation + "  ")
    case .array(let elements) where !elements.isEmpty:
      output += "\n"
      Self.write(elements, to: &output, indentation: indentation + "  ")
    case .string(let text) where Self.isBlock(text):
      output += " |-\n"
      for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
        output += line.isEmpty ? "\n" : indentation + "  " + line + "\n"
      }
    case .string(let text): output += " " + Self.scalar(text) + "\n"
    default: output += " " + flat + "\n"
    }
  }

  /// Whether a text of several lines can stand as it is.
  private static func isBlock(_ text: String) -> Bool {
    guard text.contains("\n"), text.last != "\n", text.first != " ", text.first != "\n" else { return false }
    return text.unicodeScalars.allSatisfy { $0 == "\n" || !isSpecial($0) }
  }

  /// Plain where nobody can take it for something else; else quoted as in JSON, which YAML reads alike.
  private static func scalar(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "/"), UInt8(ascii: "."),
        UInt8(ascii: "-"), UInt8(ascii: "$"):
        true
      default: false
      }
    }
    let begins = text.first.map { $0.isLetter || $0 == "/" || $0 == "_" || $0 == "$" } ?? false
    // YAML 1.1 takes some words for booleans and nothing.
    let words: Set<String> = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
    guard !isPlain || !begins || words.contains(text.lowercased()) else { return text }
    // Line ends of other standards are none of JSON's, and would be folded.
    return quoted(text).unicodeScalars.reduce(into: "") { output, scalar in
      if isSpecial(scalar) {
        let digits = String(scalar.value, radix: 16)
        output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      } else {
        output.unicodeScalars.append(scalar)
      }
    }
  }

  /// Line ends of other standards, and what YAML does not print.
  private static func isSpecial(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7f...0x9f, 0x2028, 0x2029, 0xfeff, 0xfffe, 0xffff: true
    default: false
    }
  }
}
