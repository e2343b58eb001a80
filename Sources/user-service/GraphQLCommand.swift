import ArgumentParser
import RPCGraphQL

struct GraphQLCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "graphql",
    abstract: "Print the GraphQL schema of the service.",
    discussion: "It is the one that `serve` answers by at /graphql, in GraphQL's language for schemas (SDL).")

  @Flag(name: .long, help: "As a router of Apollo Federation composes it: with @key and @link.")
  var subgraph = false

  func run() throws {
    let service = try GraphQLEndpoint.make()
    Output.write(Array((subgraph ? service.subgraphText : service.schemaText).utf8))
  }
}
