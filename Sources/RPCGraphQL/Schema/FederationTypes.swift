/// What a subgraph of Apollo Federation 2 has beside its own types.
/// https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/subgraph-spec
enum FederationTypes {
  static let names: Set<String> = ["_Any", "_Entity", "_Service"]
  static let fields: Set<String> = ["_entities", "_service"]

  static let link = """
    extend schema
      @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable"])
    """

  /// - Parameter entities: the types with keys; without any there is no `_entities`.
  static func types(entities: [String]) -> [SchemaType] {
    let service = SchemaType(
      .object, "_Service", description: "What a router of federation asks a subgraph.",
      fields: [SchemaField("sdl", .named("String"), description: "The schema.", source: .nothing)])
    guard !entities.isEmpty else { return [service] }
    return [
      service, SchemaType(.scalar, "_Any", description: "An object by its type's name and a key."),
      SchemaType(.union, "_Entity", description: "All types that have a key.", members: entities),
    ]
  }

  static func rootFields(entities: [String]) -> [SchemaField] {
    let service = SchemaField(
      "_service", .required("_Service"), description: "This subgraph, for a router of federation.", source: .service)
    guard !entities.isEmpty else { return [service] }
    return [
      SchemaField(
        "_entities", .nonNull(.list(.named("_Entity"))), description: "Objects by their keys, for a router.",
        arguments: [SchemaInput("representations", .nonNull(.list(.required("_Any"))))], source: .entities),
      service,
    ]
  }
}
