public import ProtoWire
public import RPCCore
public import RPCServer

/// GraphQL for a service: the methods whose option `rpcgraphql.v1.operation` names a field, as `/graphql`. They are
/// called inside the process as their clients' calls: with their deadlines, metadata, limits, interceptors and errors.
///
/// ```swift
/// configuration.serve(try GraphQLService(services: [MyGreeter()]))
/// ```
///
/// Queries and mutations are answered by POST, queries by GET too
/// (https://graphql.github.io/graphql-over-http/draft/); subscriptions by server-sent events, in the distinct
/// connections mode of graphql-sse. Browsers get a page to try it.
public struct GraphQLService: Sendable {
  /// What can be chosen.
  public struct Options: Sendable {
    /// Where it is served.
    public var path = "/graphql"
    /// What requests may cost.
    public var limits = GraphQLLimits()
    /// The service is a subgraph of Apollo Federation 2: `_service` and `_entities` are there.
    public var isSubgraph = false
    /// Browsers that open the path get a page for queries.
    public var servesPage = true
    /// Who may make requests, for an interceptor that asks for the options of a method. The methods that a request
    /// calls have rules of their own.
    public var methodOptions = Google_Protobuf_MethodOptions()

    /// The defaults that the properties show.
    public init() {}
  }

  let contract: GraphQLContract
  let options: Options

  /// Makes the schema of all methods of the services that have the option.
  /// - Parameters:
  ///   - services: the services.
  ///   - comments: what the .proto files say, by the generator with `Comments=true`: they become descriptions.
  ///   - types: further files, of messages that are sent in `Any`.
  ///   - options: where it is served, and what it may cost.
  /// - Throws: `SchemaError` if there is no schema for them: a fault of the .proto file.
  public init(
    services: [any ServiceProvider], comments: [ProtoComments] = [], types: [ProtoFile] = [],
    options: Options = .init()
  ) throws(SchemaError) {
    try self.init(
      describing: services.map { type(of: $0).serviceDescriptor }, comments: comments, types: types, options: options)
  }

  /// The same, without implementations: for the schema of services that somebody else serves.
  /// - Throws: as above.
  public init(
    describing descriptors: [ServiceDescriptor], comments: [ProtoComments] = [], types: [ProtoFile] = [],
    options: Options = .init()
  ) throws(SchemaError) {
    var all = ProtoComments()
    for comments in comments { all.merge(comments) }
    contract = try GraphQLContract(descriptors, all, types: types, isSubgraph: options.isSubgraph, options.limits)
    self.options = options
  }

  /// The schema in GraphQL's language for it (SDL), with all that requests can use.
  public var schemaText: String { SchemaPrinter(schema: contract.schema).text() }

  /// The same as a router of Apollo Federation composes it: `_service { sdl }`.
  public var subgraphText: String { contract.sdl }
}

extension ServerConfiguration {
  /// Serves GraphQL.
  public mutating func serve(_ graphQL: GraphQLService) { routes += graphQL.routes }
}
