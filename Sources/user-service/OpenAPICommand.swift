import ArgumentParser
import RPCGateway

struct OpenAPICommand: ParsableCommand {
  enum Format: String, ExpressibleByArgument, CaseIterable {
    case json, yaml
  }

  static let configuration = CommandConfiguration(
    commandName: "openapi",
    abstract: "Print the OpenAPI 3.1 document of the service.",
    discussion: "It is the one that `serve` answers at /openapi.json and /openapi.yaml, and shows at /docs.")

  @Option(name: .long, help: "The format: json or yaml.")
  var format = Format.yaml

  func run() throws {
    let document = try APIDocument.make()
    Output.write(format == .json ? document.json : document.yaml)
  }
}
