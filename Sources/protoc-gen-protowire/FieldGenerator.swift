import ProtoWire

/// Writes what belongs to one field: its property, and its lines in decoding and encoding.
struct FieldGenerator {
  let field: Field
  /// The property of the oneof that the field is in.
  let oneof: String?

  // MARK: Property

  func property(_ code: inout CodeWriter, _ visibility: Options.Visibility) {
    let modifier = visibility.modifier
    switch field.cardinality {
    case .implicit:
      code.line("\(modifier)var \(field.member): \(field.type) = \(field.defaultValue)")
    case .optional:
      let wrapper = field.isBoxed ? "@Indirect " : ""
      code.line("\(wrapper)\(modifier)var \(field.member): \(field.type)? = nil")
    case .repeated:
      code.line("\(modifier)var \(field.member): [\(field.type)] = []")
    case .map(_, let keyType):
      code.line("\(modifier)var \(field.member): [\(keyType): \(field.type)] = [:]")
    case .oneof:
      let oneof = oneof ?? ""
      code.block("\(modifier)var \(field.member): \(field.type)?") { code in
        code.line("get { if case .\(field.member)(let value)? = \(oneof) { value } else { nil } }")
        code.block("set") { code in
          code.line("if let newValue {")
          code.line("  \(oneof) = .\(field.member)(newValue)")
          code.line("} else if case .\(field.member)? = \(oneof) {")
          code.line("  \(oneof) = nil")
          code.line("}")
        }
      }
    }
  }

  // MARK: Decoding

  func decoding(_ code: inout CodeWriter) {
    let name = "self." + field.member
    switch field.cardinality {
    case .implicit, .optional, .oneof:
      one(&code, name)
    case .repeated:
      many(&code, name)
    case .map(let key, _):
      code.line("case \(field.tag(.delimited)):")
      if case .closedEnum = field.element {
        code.line("  try reader.readMapEntry(into: &\(name), key: \(key).self, unknownFields: &self.unknownFields)")
      } else {
        code.line("  try reader.readMapEntry(into: &\(name), key: \(key).self, value: \(field.codec).self)")
      }
    }
  }

  private func one(_ code: inout CodeWriter, _ name: String) {
    code.line("case \(field.tag(field.wireType)):")
    switch field.element {
    case .scalar, .openEnum:
      if let oneof {
        code.line("  self.\(oneof) = .\(field.member)(try reader.read(\(field.codec).self))")
      } else {
        code.line("  \(name) = try reader.read(\(field.codec).self)")
      }
    case .closedEnum:
      code.line("  if let value = try reader.readClosedEnum(\(field.type).self, unknownFields: &self.unknownFields) {")
      code.line("    \(name) = value")
      code.line("  }")
    case .message:
      code.line("  try reader.readMessage(into: &\(name))")
    case .group:
      code.line("  try reader.readGroup(into: &\(name), number: \(field.number))")
    }
  }

  private func many(_ code: inout CodeWriter, _ name: String) {
    code.line("case \(field.tag(field.wireType)):")
    switch field.element {
    case .message:
      code.line("  try reader.readMessage(appendingTo: &\(name))")
    case .group:
      code.line("  try reader.readGroup(appendingTo: &\(name), number: \(field.number))")
    case .closedEnum:
      code.line("  if let value = try reader.readClosedEnum(\(field.type).self, unknownFields: &self.unknownFields) {")
      code.line("    \(name).append(value)")
      code.line("  }")
      code.line("case \(field.tag(.delimited)):")
      code.line("  try reader.readPackedClosedEnum(into: &\(name), unknownFields: &self.unknownFields)")
    case .scalar, .openEnum:
      code.line("  try reader.read(\(field.codec).self, appendingTo: &\(name))")
      // Both forms must be read, whichever is written.
      if field.wireType != .delimited {
        code.line("case \(field.tag(.delimited)):")
        code.line("  try reader.readPacked(\(field.codec).self, into: &\(name))")
      }
    }
  }

  // MARK: Encoding

  /// - Parameter name: the expression that has the value.
  func encoding(_ code: inout CodeWriter, of name: String) {
    let tag = field.tag(field.wireType)
    switch field.cardinality {
    case .implicit:
      code.line("writer.prepend(ifNotDefault: \(name), as: \(field.codec).self, tag: \(tag))")
    case .optional:
      switch field.element {
      case .message: code.line("writer.prepend(message: \(name), tag: \(tag))")
      case .group: code.line("writer.prepend(group: \(name), number: \(field.number))")
      default: code.line("writer.prepend(ifPresent: \(name), as: \(field.codec).self, tag: \(tag))")
      }
    case .oneof:
      code.block("if case .\(field.member)(let value)? = self.\(oneof ?? "")") { code in
        switch field.element {
        case .message: code.line("writer.prepend(message: value, tag: \(tag))")
        case .group: code.line("writer.prepend(group: value, number: \(field.number))")
        default: code.line("writer.prepend(value, as: \(field.codec).self, tag: \(tag))")
        }
      }
    case .repeated(let isPacked):
      switch field.element {
      case .message: code.line("writer.prepend(messages: \(name), tag: \(tag))")
      case .group: code.line("writer.prepend(groups: \(name), number: \(field.number))")
      default:
        let (form, tag) = isPacked ? ("packed", field.tag(.delimited)) : ("repeated", tag)
        code.line("writer.prepend(\(form): \(name), as: \(field.codec).self, tag: \(tag))")
      }
    case .map(let key, _):
      code.line("writer.prepend(")
      code.line(
        "  map: \(name), key: \(key).self, value: \(field.codec).self, tag: \(field.tag(.delimited)))")
    }
  }
}
