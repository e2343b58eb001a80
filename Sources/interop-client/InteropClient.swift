import ArgumentParser
import Glibc
import RPCClient
import RPCCore
import Transport

/// The client of gRPC's interoperability tests. Its flags are those of other implementations' clients.
/// https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md
@main
struct InteropClient: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "interop-client",
    abstract: "Run a case of gRPC's interoperability tests against a server. Exit status 0 means that it passed.",
    discussion: "Cases: \(InteropCase.names.joined(separator: ", ")).")

  @Option(name: .customLong("server_host"), help: "The host or IP address of the server.")
  var serverHost = "localhost"

  @Option(name: .customLong("server_port"), help: "Its port.")
  var serverPort: UInt16

  @Option(name: .customLong("test_case"), help: "The case to run.")
  var testCase: String

  @Flag(name: .customLong("use_tls"), help: "Use TLS.")
  var useTLS = false

  @Option(name: .customLong("ca_file"), help: "Who may have signed the server's certificate (PEM); else the system's.")
  var caFile: String?

  @Option(name: .customLong("server_host_override"), help: "The name that the server's certificate must be for.")
  var serverHostOverride: String?

  @OptionGroup var soak: SoakOptions

  func validate() throws {
    guard InteropCase.names.contains(testCase) else {
      throw ValidationError("there is no case \(testCase); there are \(InteropCase.names.joined(separator: ", "))")
    }
  }

  func run() async throws {
    let address = serverHost.contains(":") ? "[\(serverHost)]" : serverHost
    var configuration = ChannelConfiguration()
    configuration.authority = serverHostOverride
    if useTLS {
      var tls = TLSClientConfiguration()
      if let caFile { tls.authorities = .signedBy(.file(caFile)) }
      configuration.tls = try TLSClientContext(tls)
    }
    // A case that hangs fails. The soak tests have a limit of their own.
    configuration.timeout = .seconds(60)
    let target = ChannelTarget("dns:///\(address):\(serverPort)")
    let makeChannel = { @Sendable [configuration] in try Channel(target, configuration: configuration) }
    do {
      let test = try InteropCase(makeChannel(), soak: soak, makeChannel: makeChannel)
      try await test.run(testCase)
    } catch {
      _ = "\(testCase) failed: \(error)\n".withCString { Glibc.write(STDERR_FILENO, $0, strlen($0)) }
      throw ExitCode.failure
    }
  }

  /// Boolean flags may have a value, as in other clients: `--use_tls=true`.
  static func main() async {
    let arguments = CommandLine.arguments.dropFirst().compactMap { argument -> String? in
      switch argument {
      case "--use_tls=true": "--use_tls"
      case "--use_tls=false": nil
      default: argument
      }
    }
    await main(Array(arguments))
  }
}
