import ProtoWire
import RPCCore

/// Makes the schema of services from their descriptors and options.
struct SchemaBuilder {
  let contract: ContractTypes
  let comments: ProtoComments
  private(set) var types: [String: SchemaType] = [:]
  /// What a type was made of, by its name: two messages must not have one type.
  private var owners: [String: String] = [:]
  private var pending: [Pending] = []

  /// A type that is named and not made yet.
  private struct Pending {
    let name: String
    let make: @Sendable (inout SchemaBuilder) throws(SchemaError) -> SchemaType
  }

  private init(_ contract: ContractTypes, _ comments: ProtoComments) {
    self.contract = contract
    self.comments = comments
  }

  /// - Returns: the schema, and for each type with keys the queries that find its objects.
  static func schema(
    _ services: [ServiceDescriptor], _ comments: ProtoComments, isSubgraph: Bool
  ) throws(SchemaError) -> (Schema, [EntityKey]) {
    var builder = SchemaBuilder(try ContractTypes(services.map(\.file)), comments)
    var roots = RootFields()
    for method in services.flatMap(\.methods) { try builder.add(method, to: &roots) }
    while let next = builder.pending.popLast() {
      let type = try next.make(&builder)
      builder.types[next.name] = type
    }
    for scalar in CustomScalar.allCases { builder.types[scalar.rawValue] = scalar.type }
    var entities: [EntityKey] = []
    if isSubgraph {
      entities = try builder.entities(roots.query)
      let names = Set(entities.map(\.type)).sorted()
      roots.query += FederationTypes.rootFields(entities: names)
      for type in FederationTypes.types(entities: names) { builder.types[type.name] = type }
    }
    builder.removeUnusedScalars(roots)
    guard !roots.query.isEmpty else { throw SchemaError("no method is a query") }
    return (try Schema(builder.types.values + roots.types), entities)
  }

  private mutating func removeUnusedScalars(_ roots: RootFields) {
    var used: Set<String> = []
    for type in Array(types.values) + roots.types {
      used.formUnion(type.fields.map(\.type.name) + type.inputs.map(\.type.name))
      used.formUnion(type.fields.flatMap { $0.arguments.map(\.type.name) })
    }
    for scalar in CustomScalar.allCases where !used.contains(scalar.rawValue) { types[scalar.rawValue] = nil }
  }

  /// Has a type made once, later: types may contain themselves.
  mutating func define(
    _ name: String, of owner: String,
    _ make: @escaping @Sendable (inout SchemaBuilder) throws(SchemaError) -> SchemaType
  ) throws(SchemaError) {
    if let known = owners[name] {
      guard known == owner else { throw SchemaError("\(known) and \(owner) have the same name in GraphQL: \(name)") }
      return
    }
    owners[name] = owner
    pending.append(Pending(name: name, make: make))
  }

  // MARK: Names

  func name(_ message: ContractMessage) -> String {
    message.option.name.isEmpty ? message.shortName : message.option.name
  }

  /// The name of an enum: those of the messages around it, and its own.
  func enumName(_ fullName: String) -> String {
    fullName.split(separator: ".").drop { $0.first?.isLowercase ?? false }.joined()
  }

  /// A comment, as a description.
  func description(_ symbol: String) -> String? {
    let text = comments[symbol] ?? ""
    return text.isEmpty ? nil : text
  }

  mutating func enumeration(_ fullName: String) throws(SchemaError) -> String {
    let name = enumName(fullName)
    try define(name, of: fullName) { (builder) throws(SchemaError) in
      guard let type = builder.contract.enums[fullName] else { throw SchemaError("\(fullName) is not known") }
      let values = type.value.map { value in
        SchemaValue(
          value.name ?? "", description: builder.description("\(fullName).\(value.name ?? "")"),
          isDeprecated: value.options?.deprecated ?? false)
      }
      return SchemaType(.enumeration, name, description: builder.description(fullName), values: values)
    }
    return name
  }
}

/// The fields of the three roots.
struct RootFields {
  var query: [SchemaField] = []
  var mutation: [SchemaField] = []
  var subscription: [SchemaField] = []

  var types: [SchemaType] {
    [
      (query, "Query", "What can be read."), (mutation, "Mutation", "What can be changed."),
      (subscription, "Subscription", "What can be watched."),
    ].filter { !$0.0.isEmpty }.map { SchemaType(.object, $0.1, description: $0.2, fields: $0.0) }
  }
}

/// A key of a type, and the query that finds its objects.
struct EntityKey: Sendable {
  let type: String
  let fields: [String]
  let query: SchemaField
}

extension SchemaBuilder {
  /// https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/entities/intro
  func entities(_ queries: [SchemaField]) throws(SchemaError) -> [EntityKey] {
    var found: [EntityKey] = []
    for type in types.values.sorted(by: { $0.name < $1.name }) {
      for key in type.federation.keys {
        let fields = key.split(separator: " ").map(String.init)
        let query = queries.first { query in
          guard case .named(type.name) = query.type.nullable else { return false }
          return fields.allSatisfy { query.argument($0) != nil }
            && query.arguments.allSatisfy { !$0.isRequired || fields.contains($0.name) }
        }
        guard let query else {
          throw SchemaError("\(type.name) has the key \"\(key)\", but no query finds it by that")
        }
        found.append(EntityKey(type: type.name, fields: fields, query: query))
      }
    }
    return found
  }
}
