/// What an operation selects from an object: its fields merged, its fragments put in, its arguments coerced.
final class PlanObject: Sendable {
  let type: SchemaType
  let fields: [PlanField]
  /// The different numbers of fields of a message, and for each field its place among them.
  let numbers: [UInt32]
  let slots: [Int]

  init(_ type: SchemaType, _ fields: [PlanField]) {
    self.type = type
    self.fields = fields
    var numbers: [UInt32] = []
    slots = fields.map { field in
      guard case .wire(let wire) = field.field.source else { return -1 }
      if let known = numbers.firstIndex(of: wire.number) { return known }
      numbers.append(wire.number)
      return numbers.count - 1
    }
    self.numbers = numbers
  }
}

/// A field of such a selection.
final class PlanField: Sendable {
  /// Its name in the response.
  let name: String
  /// `"name":`
  let key: [UInt8]
  let field: SchemaField
  let arguments: [InputValue.Member]
  /// What is wrong with the arguments: an error of the field. Nil if nothing is.
  let failure: String?
  /// What is selected from its value, for each object that may be; empty for leaves.
  let objects: [PlanObject]
  /// Byte offset in the document.
  let offset: Int

  init(
    _ name: String, _ field: SchemaField, _ arguments: [InputValue.Member], failure: String?, _ objects: [PlanObject],
    offset: Int
  ) {
    self.name = name
    key = JSONText.string(name) + [UInt8(ascii: ":")]
    self.field = field
    self.arguments = arguments
    self.failure = failure
    self.objects = objects
    self.offset = offset
  }

  func argument(_ name: String) -> InputValue? { arguments.first { $0.name == name }?.value }
}
