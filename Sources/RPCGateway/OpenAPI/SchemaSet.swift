import ProtoWire
import RPCCore

/// The schemas of messages and enums that a document refers to, and of no others.
struct SchemaSet {
  /// What a schema is for.
  enum Use: String, Hashable {
    /// What the server sends. A later version may add fields, so unknown ones are allowed.
    case output = ""
    /// What a client sends, without fields that only the server sets. The server refuses unknown fields.
    case input = "Input"
    /// The body of a PATCH: a part of the input.
    case patch = "Patch"
    /// What a request with an `update_mask` says of an object: its identifier, and a part of the input.
    case update = "Update"
  }

  private struct Key: Hashable {
    let type: String
    let use: Use
  }

  let types: TypeIndex
  let comments: ProtoComments
  private var schemas: [Key: JSONValue] = [:]
  private var pending: [Key] = []
  private var enums: Set<String> = []
  /// For each type, its name without the package if no other type has the same, else its full name.
  private let names: [String: String]

  init(_ types: TypeIndex, _ comments: ProtoComments) {
    self.types = types
    self.comments = comments
    let all = Array(types.messages.keys) + Array(types.enums.keys)
    let short = all.map { name in
      name.split(separator: ".").drop { $0.first?.isLowercase ?? false }.joined(separator: ".")
    }
    let counts = Dictionary(short.map { ($0, 1) }, uniquingKeysWith: +)
    names = Dictionary(
      zip(all, short).map { ($0, counts[$1] == 1 && !$1.isEmpty && $1 != "Error" ? $1 : $0) }, uniquingKeysWith: { $1 })
  }

  /// All that was asked for, and what that refers to, by name.
  mutating func components() -> [JSONValue.Member] {
    while let key = pending.popLast() {
      guard let message = types.messages[key.type] else { continue }
      schemas[key] = object(message, key.use)
    }
    var members = schemas.map { key, schema in JSONValue.Member(name: name(key.type) + key.use.rawValue, value: schema)
    }
    for type in enums {
      guard let found = types.enums[type] else { continue }
      let schema = JSONValue.object([
        "type": "string", "description": .string(description(of: found)),
        "enum": .array(found.values.map(JSONValue.string)),
      ])
      members.append(.init(name: name(type), value: schema))
    }
    members.append(.init(name: "Error", value: ErrorSchema.schema))
    return members.sorted { $0.name < $1.name }
  }

  private func name(_ type: String) -> String { names[type] ?? type }

  private func description(of type: EnumType) -> String {
    let lines = type.values.compactMap { value in
      comments["\(type.fullName).\(value)"].map { "- `\(value)`: \($0.split(separator: "\n").joined(separator: " "))" }
    }
    return [comments[type.fullName] ?? "", lines.joined(separator: "\n")].filter { !$0.isEmpty }
      .joined(separator: "\n\n")
  }

  // MARK: References

  /// A schema, or a reference to one, of a message type.
  mutating func message(_ type: String, _ use: Use) -> JSONValue {
    if let known = WellKnown(type) { return wellKnown(known, use) }
    let key = Key(type: type, use: use)
    if schemas[key] == nil {
      schemas[key] = .null
      pending.append(key)
    }
    return .reference(name(type) + use.rawValue)
  }

  /// - Parameters:
  ///   - use: what the message of the field is for.
  ///   - isUpdated: the request has an `update_mask` for this field.
  mutating func field(_ field: FieldType, _ use: Use, isUpdated: Bool = false) -> JSONValue {
    var schema: JSONValue
    if field.isMap, let entry = types.messages[field.typeName], let key = entry.field("key"),
      let value = entry.field("value")
    {
      schema = .object([
        "type": "object",
        "propertyNames": key.kind == .string ? nil : .object(["pattern": "^(-?[0-9]+|true|false)$"]),
        "additionalProperties": element(value, use).described(by: field.schema),
      ])
      schema = schema.bounded(by: field.schema, "maxProperties")
    } else if field.isRepeated {
      schema = .object(["type": "array", "items": element(field, use).described(by: field.schema)])
        .bounded(by: field.schema, "maxItems")
    } else {
      schema = element(field, use, isUpdated: isUpdated).described(by: field.schema).withExample(of: field)
    }
    return schema.with([
      "description": comments[field.fullName].map(JSONValue.string), "deprecated": field.isDeprecated ? true : nil,
      "readOnly": use == .output && field.isOutputOnly ? true : nil,
    ])
  }

  /// `null` stands for a field that is not set, and in a PATCH sets it back.
  /// https://protobuf.dev/programming-guides/json/#null-values
  private static func nullable(_ schema: JSONValue) -> JSONValue {
    guard let type = schema["type"] else { return schema }
    return schema.with(["type": [type, "null"]])
  }

  private mutating func element(_ field: FieldType, _ use: Use, isUpdated: Bool = false) -> JSONValue {
    switch field.kind {
    case .message, .group: return message(field.typeName, isUpdated ? .update : use == .output ? .output : .input)
    case .enum:
      if field.typeName == "google.protobuf.NullValue" { return .object(["type": "null"]) }
      enums.insert(field.typeName)
      return .reference(name(field.typeName))
    default: return ScalarSchema.schema(field.kind, isInput: use != .output)
    }
  }

  private func wellKnown(_ type: WellKnown, _ use: Use) -> JSONValue {
    switch type {
    case .timestamp: .object(["type": "string", "format": "date-time"])
    case .duration: .object(["type": "string", "pattern": #"^-?[0-9]{1,11}(\.[0-9]{1,9})?s$"#])
    case .fieldMask: .object(["type": "string", "pattern": "^([a-zA-Z0-9_.]+(,[a-zA-Z0-9_.]+)*)?$"])
    case .any:
      .object(["type": "object", "properties": .object(["@type": .object(["type": "string"])]), "required": ["@type"]])
    case .structure: .object(["type": "object"])
    case .value: .object([JSONValue.Member]())
    case .list: .object(["type": "array"])
    case .empty: .object(["type": "object", "additionalProperties": use == .output ? nil : false])
    case .wrapper(let kind): ScalarSchema.schema(kind, isInput: use != .output)
    }
  }

  // MARK: Objects

  /// - Parameter without: names of fields that are given elsewhere.
  mutating func object(_ message: MessageType, _ use: Use, without: Set<String> = []) -> JSONValue {
    let fields = message.fields.filter { field in
      !without.contains(field.name)
        && (use == .output || !field.isOutputOnly && (use == .update || !field.behaviors.contains(.identifier)))
    }
    let isUpdate = use == .input && message.field("updateMask")?.typeName == "google.protobuf.FieldMask"
    var properties: [JSONValue.Member] = []
    var required: [JSONValue] = []
    for field in fields {
      let schema = self.field(field, use, isUpdated: isUpdate && field.kind == .message)
      let isRequired =
        use == .input && field.isRequired || use == .update && field.behaviors.contains(.identifier)
      if isRequired { required.append(.string(field.jsonName)) }
      let takesNull = use != .output && !isRequired
      properties.append(.init(name: field.jsonName, value: takesNull ? Self.nullable(schema) : schema))
    }
    let oneofs = message.oneofs.indices.map { index in fields.filter { $0.oneof == index }.map(\.jsonName) }
    let rules = oneofs.filter { $0.count > 1 }.map(Self.oneof)
    return .object([
      "type": "object", "description": comments[message.fullName].map(JSONValue.string),
      "deprecated": message.isDeprecated ? true : nil,
      "properties": .object(properties), "required": required.isEmpty ? nil : .array(required),
      "additionalProperties": use == .output ? nil : false, "allOf": rules.isEmpty ? nil : .array(rules),
    ])
  }

  /// One of the fields, or none; null is a field that is not set.
  private static func oneof(_ names: [String]) -> JSONValue {
    let isSet = JSONValue.object(["not": .object(["type": "null"])])
    let each = names.map { name in
      JSONValue.object([
        "required": [.string(name)], "properties": .object([JSONValue.Member(name: name, value: isSet)]),
      ])
    }
    return .object(["oneOf": .array(each + [.object(["not": .object(["anyOf": .array(each)])])])])
  }
}
