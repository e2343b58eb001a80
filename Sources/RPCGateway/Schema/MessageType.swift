import ProtoWire

/// A message as its descriptor has it.
struct MessageType: Sendable {
  let fullName: String
  let fields: [FieldType]
  /// Names of the oneofs that the .proto file declares.
  let oneofs: [String]
  let isDeprecated: Bool
  /// By name, and by name in JSON.
  private let indices: [String: Int]

  init(fullName: String, fields: [FieldType], oneofs: [String], isDeprecated: Bool) {
    self.fullName = fullName
    self.fields = fields
    self.oneofs = oneofs
    self.isDeprecated = isDeprecated
    var indices: [String: Int] = [:]
    for (index, field) in fields.enumerated() {
      indices[field.name] = index
      indices[field.jsonName] = index
    }
    self.indices = indices
  }

  /// The field of a name, as the .proto file or as JSON writes it.
  func field(_ name: String) -> FieldType? { indices[name].map { fields[$0] } }
}

/// An enum as its descriptor has it.
struct EnumType: Sendable {
  let fullName: String
  /// In the order of the .proto file.
  let values: [String]
}
