import ProtoWire

/// Writes the accessors of an extension: members of the message that it extends.
/// <https://protobuf.dev/programming-guides/proto2/#extensions>
struct ExtensionGenerator {
  private let declaration: Schema.Extension
  private let extended: Schema.Message
  private let field: Field
  /// The property's name, not escaped.
  private let name: String
  private let comments: Comments
  private let visibility: Options.Visibility
  private let schema: Schema

  /// nil for an extension of a MessageSet: the fields of one are laid out in another way.
  /// - Parameter all: the extensions of the file.
  init?(
    _ declaration: Schema.Extension, among all: [Schema.Extension], comments: Comments, visibility: Options.Visibility,
    schema: Schema
  ) throws(GeneratorError) {
    self.declaration = declaration
    self.comments = comments
    self.visibility = visibility
    self.schema = schema
    let descriptor = declaration.descriptor
    extended = try schema.message(descriptor.extendee)
    if extended.descriptor.options?.messageSetWireFormat ?? false { return nil }

    // Where the name is a member's, or another extension's, the number tells them apart.
    var name = declaration.swiftName
    let others = all.filter { $0.descriptor.extendee == descriptor.extendee && $0.swiftName == name }
    if others.count > 1 || MessageGenerator.memberNames(of: extended).contains(name) {
      name += "_\(descriptor.number ?? 0)"
    }
    self.name = name
    field = try Field(descriptor, name: name, of: nil, features: declaration.features, in: schema)
  }

  /// Those of one message that follow each other share an `extension`.
  static func generate(_ all: [ExtensionGenerator], _ code: inout CodeWriter) {
    var rest = all[...]
    while let extended = rest.first?.extended.swiftName {
      let members = rest.prefix { $0.extended.swiftName == extended }
      rest = rest.dropFirst(members.count)
      code.line()
      code.block("extension \(extended)") { code in
        for (index, member) in members.enumerated() {
          if index > 0 { code.line() }
          member.generate(&code)
        }
      }
    }
  }

  private func generate(_ code: inout CodeWriter) {
    let modifier = visibility.modifier
    documentation(&code)
    code.block("\(modifier)var \(field.member): \(type)") { code in
      code.line("get throws(WireError) { try self.\(reading) }")
    }
    if let literal = DefaultValue(field, schema).literal {
      code.line()
      code.line("/// `\(name)`, or its default where it is absent.")
      code.block("\(modifier)var \(name)OrDefault: \(field.type)") { code in
        code.line("get throws(WireError) { try self.\(field.member) ?? \(literal) }")
      }
    }
    code.line()
    code.line(
      "/// Replaces `\(field.member.filter { $0 != "`" })`; \(isRepeated ? "no values remove" : "nil removes") it.")
    code.block("\(modifier)mutating func set\(Names.capitalized(name[...]))(_ value: \(type))") { code in
      code.block("self.setExtension(\(field.number))", parameters: "writer") { code in
        FieldGenerator(field: field, oneof: nil).encoding(&code, of: "value")
      }
    }
  }

  private func documentation(_ code: inout CodeWriter) {
    let descriptor = declaration.descriptor
    let lines = Comments.documentation(
      comments[declaration.path], isDeprecated: descriptor.options?.deprecated)
    code.documentation(lines)
    if !lines.isEmpty { code.line("///") }
    code.line("/// The extension `\(declaration.fullName)`, number \(field.number).")
  }

  private var isRepeated: Bool {
    if case .repeated = field.cardinality { true } else { false }
  }

  private var type: String { isRepeated ? "[\(field.type)]" : "\(field.type)?" }

  /// The call that reads it.
  private var reading: String {
    let kind =
      switch field.element {
      case .scalar, .openEnum: "as: \(field.codec).self"
      case .closedEnum: "closed: \(field.type).self"
      case .message: "message: \(field.type).self"
      case .group: "message: \(field.type).self, isGroup: true"
      }
    return "\(isRepeated ? "extensionValues" : "extensionValue")(\(field.number), \(kind))"
  }
}
