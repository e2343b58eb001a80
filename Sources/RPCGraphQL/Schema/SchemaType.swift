/// A named type of a schema. A class, so that plans can hold it without a copy.
/// https://spec.graphql.org/October2021/#sec-Types
package final class SchemaType: Sendable {
  package enum Kind: String, Sendable {
    case scalar = "SCALAR"
    case object = "OBJECT"
    case interface = "INTERFACE"
    case union = "UNION"
    case enumeration = "ENUM"
    case input = "INPUT_OBJECT"
  }

  package let kind: Kind
  package let name: String
  /// Markdown; nil for none.
  package let description: String?
  /// Of objects and interfaces.
  package let fields: [SchemaField]
  /// The interfaces that an object implements.
  package let interfaces: [String]
  /// The objects of a union.
  package let members: [String]
  /// Of an enum.
  package let values: [SchemaValue]
  /// The fields of an input object.
  package let inputs: [SchemaInput]
  /// Where a scalar is specified.
  package let specification: String?
  /// What federation is told of an object.
  package let federation: Federation

  private let fieldIndices: [String: Int]

  package init(
    _ kind: Kind, _ name: String, description: String? = nil, fields: [SchemaField] = [], interfaces: [String] = [],
    members: [String] = [], values: [SchemaValue] = [], inputs: [SchemaInput] = [], specification: String? = nil,
    federation: Federation = Federation()
  ) {
    self.kind = kind
    self.name = name
    self.description = description
    self.fields = fields
    self.interfaces = interfaces
    self.members = members
    self.values = values
    self.inputs = inputs
    self.specification = specification
    self.federation = federation
    fieldIndices = Dictionary(fields.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  package func field(_ name: String) -> SchemaField? { fieldIndices[name].map { fields[$0] } }

  /// The names of all types that it refers to.
  var references: [String] {
    fields.map(\.type.name) + members + interfaces + inputs.map(\.type.name)
      + fields.flatMap { $0.arguments.map(\.type.name) }
  }

  /// Its values have fields to select.
  var isComposite: Bool { kind == .object || kind == .interface || kind == .union }
  var isLeaf: Bool { kind == .scalar || kind == .enumeration }
  /// Variables and arguments can have it.
  var isInput: Bool { isLeaf || kind == .input }

  /// https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/directives
  package struct Federation: Sendable, Hashable {
    /// Each a set of fields that names an object: "id".
    package var keys: [String] = []
    /// Other subgraphs may have the same type.
    package var isShareable = false

    package init() {}
  }
}

/// A value of an enum.
package struct SchemaValue: Sendable, Hashable {
  package let name: String
  package let description: String?
  package let isDeprecated: Bool

  package init(_ name: String, description: String? = nil, isDeprecated: Bool = false) {
    self.name = name
    self.description = description
    self.isDeprecated = isDeprecated
  }
}
