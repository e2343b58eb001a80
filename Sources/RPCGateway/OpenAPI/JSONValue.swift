import RPCServer

/// A JSON document that keeps the order of its members.
indirect enum JSONValue: Sendable, Hashable {
  case null
  case bool(Bool)
  case int(Int)
  case string(String)
  case array([JSONValue])
  case object([Member])

  struct Member: Sendable, Hashable {
    let name: String
    var value: JSONValue
  }

  /// An object without the members that are nil.
  static func object(_ members: KeyValuePairs<String, JSONValue?>) -> JSONValue {
    .object(members.compactMap { name, value in value.map { Member(name: name, value: $0) } })
  }

  /// A reference to a schema.
  static func reference(_ name: String) -> JSONValue {
    .object([Member(name: "$ref", value: .string("#/components/schemas/\(name)"))])
  }

  /// The member of a name; nil if there is none, or it is no object.
  subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// The same object with more members behind those that it has; those of the same name are replaced.
  func with(_ more: KeyValuePairs<String, JSONValue?>) -> JSONValue {
    guard case .object(var members) = self else { return self }
    for case (let name, let value?) in more {
      if let index = members.firstIndex(where: { $0.name == name }) {
        members[index].value = value
      } else {
        members.append(Member(name: name, value: value))
      }
    }
    return .object(members)
  }

  /// RFC 8259, with indentation.
  var json: String {
    var output = ""
    write(to: &output, indentation: "\n")
    return output + "\n"
  }

  private func write(to output: inout String, indentation: String) {
    switch self {
    case .array(let elements) where !elements.isEmpty:
      output += "["
      for (index, element) in elements.enumerated() {
        output += (index > 0 ? "," : "") + indentation + "  "
        element.write(to: &output, indentation: indentation + "  ")
      }
      output += indentation + "]"
    case .object(let members) where !members.isEmpty:
      output += "{"
      for (index, member) in members.enumerated() {
        output += (index > 0 ? "," : "") + indentation + "  " + Self.quoted(member.name) + ": "
        member.value.write(to: &output, indentation: indentation + "  ")
      }
      output += indentation + "}"
    default: output += flat
    }
  }

  /// What needs no lines of its own.
  var flat: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .int(let value): "\(value)"
    case .string(let text): Self.quoted(text)
    case .array: "[]"
    case .object: "{}"
    }
  }

  static func quoted(_ text: String) -> String { String(decoding: ErrorDocument.string(text), as: UTF8.self) }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByArrayLiteral
{
  init(stringLiteral value: String) { self = .string(value) }
  init(booleanLiteral value: Bool) { self = .bool(value) }
  init(integerLiteral value: Int) { self = .int(value) }
  init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
}
