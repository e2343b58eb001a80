/// The types of a service. https://spec.graphql.org/October2021/#sec-Schema
package struct Schema: Sendable {
  package let types: [String: SchemaType]
  package let query: SchemaType
  package let mutation: SchemaType?
  package let subscription: SchemaType?
  let directives = SchemaDirective.standard
  /// For each abstract type, and each object, the objects that its values may be.
  private let possible: [String: Set<String>]

  /// Adds the built-in scalars and the types of introspection.
  /// - Parameter types: among them those of the names `Query`, `Mutation`, `Subscription`, of which only the first must
  ///   be there.
  /// - Throws: `SchemaError` if a name is used twice, or a type is missing.
  package init(_ types: [SchemaType]) throws(SchemaError) {
    var all: [String: SchemaType] = [:]
    let declared = types + IntrospectionTypes.all
    // Those that nothing refers to are not there: they can't be used for variables either.
    let used = Set(declared.flatMap(\.references))
    for type in declared + Self.builtIn.filter({ used.contains($0.name) }) {
      guard all.updateValue(type, forKey: type.name) == nil else {
        throw SchemaError("two types have the name \(type.name)")
      }
    }
    guard let query = all["Query"] else { throw SchemaError("no method is a query") }
    self.query = query
    mutation = all["Mutation"]
    subscription = all["Subscription"]
    self.types = all
    var possible: [String: Set<String>] = [:]
    for type in all.values {
      switch type.kind {
      case .object:
        possible[type.name, default: []].insert(type.name)
        for name in type.interfaces { possible[name, default: []].insert(type.name) }
      case .union: possible[type.name] = Set(type.members)
      default: break
      }
    }
    self.possible = possible
    try check()
  }

  private func check() throws(SchemaError) {
    for type in types.values {
      for name in type.references where types[name] == nil {
        throw SchemaError("\(type.name) refers to \(name), which is missing")
      }
      if Set(type.fields.map(\.name)).count < type.fields.count {
        throw SchemaError("\(type.name) has two fields of the same name")
      }
      if type.kind == .object, type.fields.isEmpty { throw SchemaError("\(type.name) has no fields") }
    }
  }

  private static let builtIn = [
    SchemaType(.scalar, "Int", description: "A whole number of 32 bits."),
    SchemaType(.scalar, "Float", description: "A number of double precision (IEEE 754)."),
    SchemaType(.scalar, "String", description: "A text, in UTF-8."),
    SchemaType(.scalar, "Boolean", description: "`true` or `false`."),
    SchemaType(.scalar, "ID", description: "Names an object. A text, also where it looks like a number."),
  ]

  static let builtInNames: Set<String> = ["Int", "Float", "String", "Boolean", "ID"]

  func root(_ kind: ExecutableDocument.Operation.Kind) -> SchemaType? {
    switch kind {
    case .query: query
    case .mutation: mutation
    case .subscription: subscription
    }
  }

  /// The objects that values of the type may be.
  func possibleTypes(_ type: SchemaType) -> Set<String> { possible[type.name] ?? [] }

  /// A field of a type, those of introspection included.
  func field(_ name: String, of type: SchemaType) -> SchemaField? {
    if name.hasPrefix("__") {
      if name == "__typename" { return type.isComposite ? IntrospectionTypes.typename : nil }
      return type === query ? IntrospectionTypes.rootFields.first { $0.name == name } : nil
    }
    return type.field(name)
  }
}

/// Why there is no schema for a contract: a fault of the .proto file, found at the start.
public struct SchemaError: Error, Hashable, Sendable, CustomStringConvertible {
  /// A sentence that names what is wrong.
  public let description: String

  init(_ description: String) { self.description = description }
}
