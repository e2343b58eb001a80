import ProtoWire
import RPCCore

/// Messages as objects and input objects, and their fields.
extension SchemaBuilder {
  /// What an input object is for.
  enum InputUse: String {
    /// What is stored anew: without what only the server sets.
    case input = "Input"
    /// What is changed: the fields given, null clears one.
    case patch = "Patch"
  }

  // MARK: Output

  /// The object type of a message.
  mutating func object(_ fullName: String) throws(SchemaError) -> String {
    guard let message = contract.messages[fullName] else { throw SchemaError("\(fullName) is not known") }
    let name = name(message)
    try define(name, of: fullName) { (builder) throws(SchemaError) in
      var fields: [SchemaField] = []
      for field in message.fields where !field.option.hidden && !field.isMask {
        if field.kind == .message, !field.isMap, builder.isEmpty(field.typeName) { continue }
        fields.append(try builder.schemaField(field, in: fullName))
      }
      guard !fields.isEmpty else { throw SchemaError("\(fullName) has no field that GraphQL could select") }
      var federation = SchemaType.Federation()
      federation.keys = message.option.keys
      federation.isShareable = message.option.shareable
      return SchemaType(
        .object, name, description: builder.description(fullName), fields: fields, federation: federation)
    }
    return name
  }

  /// An object type must have fields.
  private func isEmpty(_ typeName: String) -> Bool {
    WellKnownScalar(typeName) == nil && contract.messages[typeName]?.fields.isEmpty ?? false
  }

  mutating func schemaField(_ field: ContractField, in message: String) throws(SchemaError) -> SchemaField {
    let found = try output(field, in: message)
    return SchemaField(
      field.jsonName, found.type, description: description(field.fullName), isDeprecated: field.isDeprecated,
      source: .wire(found.field))
  }

  /// A field's type, and how its value is written. Scalars without presence always have a value, and lists are never
  /// null.
  mutating func output(
    _ field: ContractField, in message: String
  ) throws(SchemaError) -> (type: TypeReference, field: WireField) {
    let (name, form) = try element(field)
    let wire = WireField(field, form, in: message)
    if field.isMap { return (.required("JSON"), wire) }
    if field.isRepeated { return (.nonNull(.list(.required(name))), wire) }
    let isNullable = field.hasPresence && !field.option.required
    return (isNullable ? .named(name) : .required(name), wire)
  }

  private mutating func element(_ field: ContractField) throws(SchemaError) -> (String, WireField.Form) {
    if field.isMap { return ("JSON", .json) }
    switch field.kind {
    case .message, .group:
      switch WellKnownScalar(field.typeName) {
      case .dateTime: return ("DateTime", field.isRepeated ? .json : .dateTime)
      case .duration: return ("Duration", .json)
      case .json: return ("JSON", .json)
      case .wrapper(let kind): return (Self.scalar(kind, isID: false), .json)
      case nil: return (try object(field.typeName), .message)
      }
    case .enum:
      let values = contract.enums[field.typeName]?.value ?? []
      return (
        try enumeration(field.typeName),
        .enumeration(
          Dictionary(values.map { ($0.number ?? 0, $0.name ?? "") }, uniquingKeysWith: { first, _ in first }))
      )
    default: return (Self.scalar(field), Self.form(field.kind))
    }
  }

  private static func form(_ kind: ContractField.Kind) -> WireField.Form {
    switch kind {
    case .bool: .bool
    case .int32: .int32
    case .sint32: .sint32
    case .sfixed32: .fixed32
    case .uint32: .unsigned32
    case .fixed32: .unsignedFixed32
    case .int64: .int64
    case .sint64: .sint64
    case .sfixed64: .fixed64
    case .uint64: .unsigned64
    case .fixed64: .unsignedFixed64
    case .float: .float
    case .double: .double
    case .bytes: .bytes
    default: .string
    }
  }

  /// A text that names something is an ID.
  private static func scalar(_ field: ContractField) -> String {
    scalar(field.kind, isID: field.isIdentifier || field.name == "id" || field.name.hasSuffix("_id"))
  }

  /// `Int` has 32 bits and a sign, so that larger kinds are texts.
  private static func scalar(_ kind: ContractField.Kind, isID: Bool) -> String {
    switch kind {
    case .bool: "Boolean"
    case .int32, .sint32, .sfixed32: "Int"
    case .uint32, .fixed32, .int64, .sint64, .sfixed64, .uint64, .fixed64: "Int64"
    case .float, .double: "Float"
    case .bytes: "Bytes"
    default: isID ? "ID" : "String"
    }
  }

  // MARK: Input

  mutating func input(_ field: ContractField, _ use: InputUse) throws(SchemaError) -> SchemaInput {
    let name: String
    if field.isMap {
      name = "JSON"
    } else if field.kind == .message || field.kind == .group {
      switch WellKnownScalar(field.typeName) {
      case .dateTime: name = "DateTime"
      case .duration: name = "Duration"
      case .json: name = "JSON"
      case .wrapper(let kind): name = Self.scalar(kind, isID: false)
      case nil: name = try isEmpty(field.typeName) ? "Boolean" : inputObject(field.typeName, use)
      }
    } else if field.kind == .enum {
      name = try enumeration(field.typeName)
    } else {
      name = Self.scalar(field)
    }
    let type = field.isRepeated && !field.isMap ? TypeReference.list(.required(name)) : .named(name)
    return SchemaInput(
      field.jsonName, field.isRequired ? .nonNull(type) : type, description: description(field.fullName),
      isDeprecated: field.isDeprecated)
  }

  private mutating func inputObject(_ fullName: String, _ use: InputUse) throws(SchemaError) -> String {
    guard let message = contract.messages[fullName] else { throw SchemaError("\(fullName) is not known") }
    let name = name(message) + use.rawValue
    try define(name, of: "\(fullName) as \(use.rawValue)") { (builder) throws(SchemaError) in
      var inputs: [SchemaInput] = []
      for field in message.fields where !field.isOutputOnly && !field.isMask && !field.option.hidden {
        if field.kind == .message, !field.isMap, builder.isEmpty(field.typeName) { continue }
        switch use {
        case .input:
          if field.isIdentifier || field.isEtag { continue }
          inputs.append(try builder.input(field, .input))
        case .patch:
          let input = try builder.input(field, .patch)
          let type = field.isIdentifier ? TypeReference.nonNull(input.type.nullable) : input.type.nullable
          inputs.append(
            SchemaInput(input.name, type, description: input.description, isDeprecated: input.isDeprecated))
        }
      }
      guard !inputs.isEmpty else { throw SchemaError("\(fullName) has no field that a client could give") }
      return SchemaType(.input, name, description: builder.description(fullName), inputs: inputs)
    }
    return name
  }

  /// What a patch of a message may change, to a depth of 8.
  func changes(_ fullName: String, depth: Int = 1) -> MethodBinding.Patch.Fields {
    var names: [String: (name: String, nested: MethodBinding.Patch.Fields?)] = [:]
    for field in contract.messages[fullName]?.fields ?? []
    where !field.isOutputOnly && !field.isIdentifier && !field.isEtag {
      let nested = field.isPlainMessage && depth < 8 ? changes(field.typeName, depth: depth + 1) : nil
      names[field.jsonName] = (field.name, nested)
    }
    return .init(names)
  }
}
