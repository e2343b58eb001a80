/// Rules of values. https://spec.graphql.org/October2021/#sec-Values
extension DocumentValidator {
  mutating func checkValues() {
    for fields in walk.objects {
      checkUnique(fields.map { ($0.name, $0.offset) }, .uniqueInputFieldNames, "fields")
    }
    for use in walk.values { check(use.value, use.type, use.offset) }
  }

  private mutating func check(_ value: ExecutableDocument.Value, _ type: TypeReference, _ offset: Int) {
    if case .variable = value { return }
    switch type {
    case .nonNull(let inner):
      guard value != .null else { return wrong(value, type, offset) }
      check(value, inner, offset)
    case _ where value == .null: return
    case .list(let element):
      guard case .list(let values) = value else { return check(value, element, offset) }
      for value in values { check(value, element, offset) }
    case .named(let name):
      guard let definition = schema.types[name] else { return }
      switch definition.kind {
      case .input: check(value, fieldsOf: definition, offset)
      case .enumeration:
        guard case .enumValue(let given) = value, definition.values.contains(where: { $0.name == given }) else {
          return wrong(value, type, offset)
        }
      case .scalar:
        if !ScalarCoercion.takes(value, name) { wrong(value, type, offset) }
      default: return
      }
    }
  }

  private mutating func check(_ value: ExecutableDocument.Value, fieldsOf type: SchemaType, _ offset: Int) {
    guard case .object(let fields) = value else { return wrong(value, .named(type.name), offset) }
    for input in type.inputs where input.isRequired && !fields.contains(where: { $0.name == input.name }) {
      report(
        .valuesOfCorrectType, "\(type.name) needs the field \(input.name) of the type \(input.type.text)", offset)
    }
    for field in fields {
      guard let input = type.inputs.first(where: { $0.name == field.name }) else {
        report(.valuesOfCorrectType, "\(type.name) has no field \(field.name)", field.offset)
        continue
      }
      check(field.value, input.type, field.offset)
    }
  }

  private mutating func wrong(_ value: ExecutableDocument.Value, _ type: TypeReference, _ offset: Int) {
    report(.valuesOfCorrectType, "\(value.text.prefix(60)) is no \(type.text)", offset)
  }
}
