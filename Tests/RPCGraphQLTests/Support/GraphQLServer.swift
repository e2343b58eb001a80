import EventLoop
import ProtoWire
import RPCCore
import RPCGraphQL
import RPCServer
import TestPeer

/// A server of the garden in this process, which speaks GraphQL.
struct GraphQLServer: Sendable {
  let address: SocketAddress
  let garden: GardenService

  struct Answer {
    let frames: [Frame]

    var status: Int { Int(field(":status") ?? "") ?? 0 }
    var text: String {
      String(decoding: frames.filter { $0.kind == .data }.flatMap(\.payload), as: UTF8.self)
    }
    func field(_ name: String) -> String? { frames.first { $0.kind == .headers }?.field(name) }
  }

  func send(_ method: String, _ path: String, _ body: String? = nil, _ fields: [HeaderField] = []) async throws
    -> Answer
  {
    let peer = try await Peer(address)
    try await peer.start(streamWindow: 1 << 20)
    let head: [HeaderField] = [[":method", method], [":scheme", "http"], [":path", path], [":authority", "test"]]
    let data = body.map { [Frame.data(1, Array($0.utf8), end: true)] } ?? []
    try await peer.send(([.headers(1, head + fields, end: data.isEmpty)] + data).flatMap { $0.bytes })
    return Answer(frames: try await peer.response(1))
  }

  /// The response to a document.
  func post(
    _ query: String, variables: String = "{}", _ fields: [HeaderField] = [],
    accept: String = "application/graphql-response+json"
  ) async throws -> Answer {
    try await send(
      "POST", "/graphql", "{\"query\":\(quoted(query)),\"variables\":\(variables)}",
      [["content-type", "application/json"], ["accept", accept]] + fields)
  }

  /// Its text.
  func text(_ query: String, variables: String = "{}") async throws -> String {
    try await post(query, variables: variables).text
  }
}

func quoted(_ text: String) -> String {
  "\""
    + text.map { character in
      switch character {
      case "\"", "\\": "\\\(character)"
      case "\n": "\\n"
      default: "\(character)"
      }
    }.joined() + "\""
}

/// Serves the garden while `body` runs.
func servingGarden(
  interceptors: [any ServerInterceptor] = [], _ change: (inout GraphQLService.Options) -> Void = { _ in },
  configure: (inout ServerConfiguration) -> Void = { _ in }, _ body: (GraphQLServer) async throws -> Void
) async throws {
  let garden = GardenService()
  var options = GraphQLService.Options()
  options.isSubgraph = true
  change(&options)
  var configuration = ServerConfiguration()
  configure(&configuration)
  configuration.serve(try GraphQLService(services: [garden], comments: [.garden], options: options))
  let group = try EventLoopGroup(count: 1, name: "test")
  let server = try GRPCServer(
    services: [garden], interceptors: interceptors, configuration: configuration, loops: group)
  let address = try server.listen(on: .tcp(host: "127.0.0.1", port: 0))[0]
  let result: Result<Void, any Error>
  do {
    try await TestLoop.run { try await body(GraphQLServer(address: address, garden: garden)) }
    result = .success(())
  } catch {
    result = .failure(error)
  }
  await server.shutdown(grace: .zero)
  try await whereBlockingIsFine { group.shutdown() }
  try result.get()
}
