import ProtoWire

/// Writes a message with all that is nested in it.
struct MessageGenerator {
  let fullName: String
  let message: Schema.Message
  let comments: Comments
  let path: [Int32]
  let visibility: Options.Visibility
  let schema: Schema

  private struct Oneof {
    let index: Int
    let member: String
    let type: String
    var fields: [Field]
  }

  private let fields: [Field]
  private let oneofs: [Oneof]
  /// How many fields have a name.
  private let counts: [String: Int]

  init(
    fullName: String, comments: Comments, path: [Int32], visibility: Options.Visibility, schema: Schema
  ) throws(GeneratorError) {
    self.fullName = fullName
    self.comments = comments
    self.path = path
    self.visibility = visibility
    self.schema = schema
    message = try schema.message(fullName)

    // Two names that become the same one get their numbers behind them.
    let descriptor = message.descriptor
    var counts: [String: Int] = [:]
    for field in descriptor.field { counts[Names.lowerCamelCase(field.name ?? ""), default: 0] += 1 }
    self.counts = counts
    var fields: [Field] = []
    for field in descriptor.field {
      var name = Names.lowerCamelCase(field.name ?? "")
      if counts[name, default: 0] > 1 { name += "_\(field.number ?? 0)" }
      fields.append(try Field(field, name: name, of: fullName, features: message.features, in: schema))
    }
    self.fields = fields

    var oneofs: [Oneof] = []
    var types = Set(schema.nestedTypes(of: message))
    var members: Set<String> = []
    for (index, declaration) in descriptor.oneofDecl.enumerated() {
      let fields = fields.filter { if case .oneof(index) = $0.cardinality { true } else { false } }
      // The oneof of a proto3 `optional` has none.
      guard !fields.isEmpty else { continue }
      var name = Names.lowerCamelCase(declaration.name ?? "")
      if counts[name] != nil { name += "_oneof" }
      while !members.insert(name).inserted { name += "_oneof" }
      var type = "OneOf_" + Names.upperCamelCase(declaration.name ?? "")
      while !types.insert(type).inserted { type += "_" }
      oneofs.append(Oneof(index: index, member: Names.member(name), type: type, fields: fields))
    }
    self.oneofs = oneofs
  }

  /// The properties that a message may have, not escaped.
  static func memberNames(of message: Schema.Message) -> Set<String> {
    Set(
      (message.descriptor.field.map(\.name) + message.descriptor.oneofDecl.map(\.name)).map {
        Names.lowerCamelCase($0 ?? "")
      })
  }

  func generate(_ code: inout CodeWriter) throws(GeneratorError) {
    var nested = CodeWriter()
    try generateNested(&nested)

    code.documentation(Comments.documentation(comments[path], isDeprecated: message.descriptor.options?.deprecated))
    let name = message.swiftName.split(separator: ".").last ?? ""
    code.block("\(visibility.modifier)struct \(name): WireMessage") { code in
      generateProperties(&code)
      code.line("\(visibility.modifier)var unknownFields = UnknownFields()")
      code.line()
      code.line("\(visibility.modifier)init() {}")
      for oneof in oneofs { generate(oneof, &code) }
      for line in nested.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
        code.line(String(line))
      }
      code.line()
      generateNames(&code)
      code.line()
      generateDecoding(&code)
      code.line()
      generateEncoding(&code)
      if schema.hasRequiredFields(fullName) {
        code.line()
        generateRequired(&code)
      }
    }
  }

  private func generateNested(_ code: inout CodeWriter) throws(GeneratorError) {
    for (index, descriptor) in message.descriptor.enumType.enumerated() {
      code.line()
      EnumGenerator(
        type: try schema.enumeration(fullName + "." + (descriptor.name ?? "")), comments: comments,
        path: path + [4, Int32(index)], visibility: visibility
      ).generate(&code)
    }
    for (index, descriptor) in message.descriptor.nestedType.enumerated() {
      if descriptor.options?.mapEntry ?? false { continue }
      code.line()
      try MessageGenerator(
        fullName: fullName + "." + (descriptor.name ?? ""), comments: comments, path: path + [3, Int32(index)],
        visibility: visibility, schema: schema
      ).generate(&code)
    }
  }

  // MARK: Properties

  private func generateProperties(_ code: inout CodeWriter) {
    var declared: Set<Int> = []
    for (index, field) in fields.enumerated() {
      var property: String?
      if case .oneof(let oneofIndex) = field.cardinality {
        guard let oneof = oneofs.first(where: { $0.index == oneofIndex }) else { continue }
        property = oneof.member
        if declared.insert(oneofIndex).inserted {
          code.documentation(comments[path + [8, Int32(oneofIndex)]])
          code.line("\(visibility.modifier)var \(oneof.member): \(oneof.type)? = nil")
          code.line()
        }
      }
      code.documentation(documentation(of: field, at: index))
      FieldGenerator(field: field, oneof: property).property(&code, visibility)
      code.line()
      generateDefault(of: field, &code)
    }
  }

  private func documentation(of field: Field, at index: Int) -> [String] {
    let lines = comments[path + [2, Int32(index)]]
    return Comments.documentation(lines, isDeprecated: field.descriptor.options?.deprecated)
  }

  /// A property that has the declared default where the field is absent.
  private func generateDefault(of field: Field, _ code: inout CodeWriter) {
    guard let literal = DefaultValue(field, schema).literal else { return }
    var name = field.name + "OrDefault"
    if counts[name] != nil { name += "_\(field.number)" }
    code.line("/// `\(field.name)`, or its default where it is absent.")
    code.line("\(visibility.modifier)var \(name): \(field.type) { self.\(field.member) ?? \(literal) }")
    code.line()
  }

  private func generate(_ oneof: Oneof, _ code: inout CodeWriter) {
    code.line()
    code.documentation(comments[path + [8, Int32(oneof.index)]])
    code.block("\(visibility.modifier)enum \(oneof.type): Sendable, Hashable") { code in
      for (index, field) in fields.enumerated() {
        guard case .oneof(oneof.index) = field.cardinality else { continue }
        code.documentation(comments[path + [2, Int32(index)]])
        code.line("\(field.isBoxed ? "indirect " : "")case \(field.member)(\(field.type))")
      }
    }
  }

  // MARK: WireMessage

  private func generateNames(_ code: inout CodeWriter) {
    let modifier = visibility.modifier
    code.line("\(modifier)static var messageName: String { \"\(fullName.dropFirst())\" }")
    guard !fields.isEmpty else { return }
    code.line()
    code.block("\(modifier)static func fieldName(of number: UInt32) -> String?") { code in
      code.cases(of: "number") { code in
        for field in fields { code.line("case \(field.number): \"\(field.descriptor.name ?? "")\"") }
        code.line("default: nil")
      }
    }
  }

  private func generator(_ field: Field) -> FieldGenerator {
    var oneof: String?
    if case .oneof(let index) = field.cardinality { oneof = oneofs.first { $0.index == index }?.member }
    return FieldGenerator(field: field, oneof: oneof)
  }

  private func generateDecoding(_ code: inout CodeWriter) {
    let head = "\(visibility.modifier)mutating func decodeFields(from reader: inout WireReader) throws(WireError)"
    code.block(head) { code in
      code.block("while true") { code in
        code.line("let tag = try reader.nextTag()")
        code.cases(of: "tag") { code in
          code.line("case 0:")
          code.line("  return")
          for field in fields.sorted(by: { $0.number < $1.number }) { generator(field).decoding(&code) }
          code.line("default:")
          code.line("  if try reader.readUnknown(tag, into: &self.unknownFields) { return }")
        }
      }
    }
  }

  private func generateEncoding(_ code: inout CodeWriter) {
    code.block("\(visibility.modifier)func encodeFields(into writer: inout WireWriter)") { code in
      code.line("writer.prepend(self.unknownFields)")
      for field in fields.sorted(by: { $0.number > $1.number }) {
        generator(field).encoding(&code, of: "self." + field.member)
      }
    }
  }

  private func generateRequired(_ code: inout CodeWriter) {
    code.block("\(visibility.modifier)func checkRequiredFields() throws(WireError)") { code in
      for field in fields {
        let name = "self." + field.member
        let place = "\(field.number), of: Self.self"
        if field.isRequired { code.line("try WireRequired.check(\(name), \(place))") }
        // A map's values are the entry's second field.
        guard field.isMessage, let type = field.messageType(in: schema), schema.hasRequiredFields(type) else {
          continue
        }
        switch field.cardinality {
        case .repeated: code.line("try WireRequired.check(inEach: \(name), \(place))")
        case .map: code.line("try WireRequired.check(inEach: \(name).values, \(place))")
        case .implicit, .optional, .oneof: code.line("try WireRequired.check(in: \(name), \(place))")
        }
      }
    }
  }
}
