import ProtoWire
import RPCCore

/// What the option `rpcgateway.v1.schema` of a field says, in terms of JSON Schema.
extension JSONValue {
  /// The schema of a value, with what holds for it. References stay as they are.
  func described(by hints: Rpcgateway_V1_FieldSchema?) -> JSONValue {
    guard let hints, let type = self["type"] else { return self }
    if type == "integer" {
      return with(["minimum": hints.minimum.map { .int(Int($0)) }, "maximum": hints.maximum.map { .int(Int($0)) }])
    }
    guard type == "string" else { return self }
    return with([
      "format": hints.format.isEmpty ? nil : .string(hints.format),
      "pattern": hints.pattern.isEmpty ? nil : .string(hints.pattern),
      "minLength": hints.minLength == 0 ? nil : .int(Int(hints.minLength)),
      "maxLength": hints.maxLength == 0 ? nil : .int(Int(hints.maxLength)),
      "enum": hints.values.isEmpty ? nil : .array(hints.values.map(JSONValue.string)),
    ])
  }

  /// The schema of a list or a map, with what holds for the whole.
  func bounded(by hints: Rpcgateway_V1_FieldSchema?, _ limit: String) -> JSONValue {
    guard let hints else { return self }
    let keys = hints.keyPattern.isEmpty ? nil : JSONValue.object(["pattern": .string(hints.keyPattern)])
    var members: [Member] = []
    if hints.maxItems > 0 { members.append(Member(name: limit, value: .int(Int(hints.maxItems)))) }
    if let keys { members.append(Member(name: "propertyNames", value: keys)) }
    return members.reduce(self) { $0.with($1) }.withExample(
      hints.example.isEmpty ? nil : JSONValue(json: hints.example))
  }

  /// The schema of a single value with its example.
  func withExample(of field: FieldType) -> JSONValue {
    guard let text = field.schema?.example, !text.isEmpty, let type = self["type"] else { return self }
    return withExample(type == "string" ? .string(text) : JSONValue(json: text))
  }

  private func withExample(_ example: JSONValue?) -> JSONValue {
    example.map { with(Member(name: "examples", value: [$0])) } ?? self
  }

  private func with(_ member: Member) -> JSONValue {
    guard case .object(let members) = self else { return self }
    return .object(members.filter { $0.name != member.name } + [member])
  }

  /// JSON of examples: texts, numbers, booleans, lists and objects of them. Nil if it is something else.
  init?(json: String) {
    self.init(json: Array(json.utf8)[...])
  }

  private init?(json: ArraySlice<UInt8>) {
    let text = String(decoding: json.drop { $0 == 0x20 }, as: UTF8.self)
    if let members = JSONScanner.members(json) {
      var found: [Member] = []
      for (name, value) in members {
        guard let value = JSONValue(json: value) else { return nil }
        found.append(Member(name: name, value: value))
      }
      self = .object(found)
    } else if let elements = JSONScanner.elements(json) {
      var found: [JSONValue] = []
      for element in elements {
        guard let value = JSONValue(json: element) else { return nil }
        found.append(value)
      }
      self = .array(found)
    } else if text.count >= 2, text.hasPrefix("\""), text.hasSuffix("\""), !text.contains("\\") {
      self = .string(String(text.dropFirst().dropLast()))
    } else if let number = Int(text) {
      self = .int(number)
    } else if let bool = Bool(text) {
      self = .bool(bool)
    } else {
      return nil
    }
  }

  /// An object of the examples of a message's properties, one for each oneof; nil where there are none.
  /// - Parameter schema: of an object with fields of the message.
  static func example(of schema: JSONValue, _ message: MessageType) -> JSONValue? {
    guard case .object(let properties) = schema["properties"] else { return nil }
    var oneofs: Set<Int> = []
    let examples = properties.compactMap { property -> Member? in
      guard case .array(let examples) = property.value["examples"], let first = examples.first else { return nil }
      if let oneof = message.field(property.name)?.oneof, !oneofs.insert(oneof).inserted { return nil }
      return Member(name: property.name, value: first)
    }
    return examples.isEmpty ? nil : .object(examples)
  }
}
