/// A field of an object or an interface. A class, so that plans can hold it without a copy.
/// https://spec.graphql.org/October2021/#sec-Objects
package final class SchemaField: Sendable {
  package let name: String
  package let description: String?
  package let arguments: [SchemaInput]
  package let type: TypeReference
  package let isDeprecated: Bool
  /// Where its values come from.
  let source: FieldSource

  init(
    _ name: String, _ type: TypeReference, description: String? = nil, arguments: [SchemaInput] = [],
    isDeprecated: Bool = false, source: FieldSource
  ) {
    self.name = name
    self.type = type
    self.description = description
    self.arguments = arguments
    self.isDeprecated = isDeprecated
    self.source = source
  }

  /// A field of a schema that only describes.
  package convenience init(_ name: String, _ type: TypeReference, arguments: [SchemaInput] = []) {
    self.init(name, type, arguments: arguments, source: .nothing)
  }

  func argument(_ name: String) -> SchemaInput? { arguments.first { $0.name == name } }
}

/// An argument, or a field of an input object.
package struct SchemaInput: Sendable {
  package let name: String
  package let description: String?
  package let type: TypeReference
  package let defaultValue: ExecutableDocument.Value?
  package let isDeprecated: Bool

  package init(
    _ name: String, _ type: TypeReference, description: String? = nil, defaultValue: ExecutableDocument.Value? = nil,
    isDeprecated: Bool = false
  ) {
    self.name = name
    self.type = type
    self.description = description
    self.defaultValue = defaultValue
    self.isDeprecated = isDeprecated
  }

  var isRequired: Bool { type.isNonNull && defaultValue == nil }
}
