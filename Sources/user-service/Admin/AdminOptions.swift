import ArgumentParser
import CommandOptions
import RPCClient
import RPCCore
import UserAPI

/// How the subcommands of `admin` reach the server.
struct AdminOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Whom to call: HOST:PORT, dns:///HOST:PORT, unix:PATH.", valueName: "target"))
  var server = "127.0.0.1:50051"
  @Option(help: ArgumentHelp("Seconds that each call may take.", valueName: "seconds"))
  var timeout = 30.0
  @OptionGroup var tls: ClientTLSOptions

  func validate() throws {
    guard timeout > 0, timeout < 1e9 else { throw ValidationError("--timeout must be above 0.") }
  }

  /// - Throws: `ValidationError` (exit code 64) if the target, the token or a file of TLS can't be used.
  func connect() throws -> AdminConnection {
    var configuration = ChannelConfiguration()
    configuration.tls = try tls.context()
    configuration.authority = tls.authority
    configuration.maximumResponseSize = 64 << 20
    let channel: Channel
    do throws(ChannelError) {
      channel = try Channel(ChannelTarget(server), configuration: configuration)
    } catch {
      throw ValidationError("--server: \(error)")
    }
    var options = CallOptions()
    options.timeout = .seconds(timeout)
    if let token = Environment.text("USER_SERVICE_TOKEN") {
      guard options.metadata.add("authorization", "Bearer \(token)") else {
        throw ValidationError("USER_SERVICE_TOKEN is not text that can be sent.")
      }
    }
    return try AdminConnection(channel, options)
  }
}
