/// A value of a request: a variable's, or that of an argument once its variables are put in.
indirect enum InputValue: Sendable, Hashable {
  case null
  case boolean(Bool)
  /// As JSON writes it.
  case number(String)
  case string(String)
  case list([InputValue])
  /// In order; names are unique.
  case object([Member])

  struct Member: Sendable, Hashable {
    let name: String
    let value: InputValue
  }

  subscript(name: String) -> InputValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  func append(to output: inout [UInt8]) {
    switch self {
    case .null: output.append(ascii: "null")
    case .boolean(let value): value ? output.append(ascii: "true") : output.append(ascii: "false")
    case .number(let text): output.append(contentsOf: text.utf8)
    case .string(let text): JSONText.append(string: text, to: &output)
    case .list(let values):
      output.append(UInt8(ascii: "["))
      for (index, value) in values.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        value.append(to: &output)
      }
      output.append(UInt8(ascii: "]"))
    case .object(let members):
      output.append(UInt8(ascii: "{"))
      for (index, member) in members.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        JSONText.append(string: member.name, to: &output)
        output.append(UInt8(ascii: ":"))
        member.value.append(to: &output)
      }
      output.append(UInt8(ascii: "}"))
    }
  }
}
