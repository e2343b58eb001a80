/// Writes JSON (RFC 8259), with two spaces of indentation.
enum JSONText {
  indirect enum Value {
    case text(String)
    case integer(Int)
    /// Not a number, and infinities, become null.
    case number(Double)
    case bool(Bool)
    case list([Value])
    case object([(name: String, value: Value)])
  }

  static func text(_ value: Value, indentation: String = "") -> String {
    let inner = indentation + "  "
    switch value {
    case .text(let text): return quoted(text)
    case .integer(let integer): return "\(integer)"
    case .number(let number): return number.isFinite ? "\(number)" : "null"
    case .bool(let bool): return "\(bool)"
    case .list(let values):
      if values.isEmpty { return "[]" }
      let parts = values.map { inner + text($0, indentation: inner) }
      return "[\n\(parts.joined(separator: ",\n"))\n\(indentation)]"
    case .object(let members):
      if members.isEmpty { return "{}" }
      let parts = members.map { "\(inner)\(quoted($0.name)): \(text($0.value, indentation: inner))" }
      return "{\n\(parts.joined(separator: ",\n"))\n\(indentation)}"
    }
  }

  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
