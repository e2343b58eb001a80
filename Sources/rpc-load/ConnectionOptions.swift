import ArgumentParser
import CommandOptions
import EventLoop
import RPCClient
import RPCCore

/// How the server is reached.
struct ConnectionOptions: ParsableArguments {
  @Option(help: ArgumentHelp("How many connections; the calls share them.", valueName: "count"))
  var connections = 1
  @Option(
    help: ArgumentHelp("Threads, of which each has connections of its own.", valueName: "count"))
  var cpus = EventLoopGroup.processorCount
  @Option(help: ArgumentHelp("How long connecting may take.", valueName: "duration"))
  var connectTimeout = DurationOption(nanoseconds: 10_000_000_000)
  @Option(
    help: ArgumentHelp(
      "A gRPC service config, for retries, hedging and balancing: JSON, or @FILE.", valueName: "json"))
  var serviceConfig: String?
  @Flag(help: "Connect without TLS, as --plaintext does: ghz has this name for it.")
  var insecure = false
  @OptionGroup var tls: ClientTLSOptions

  func validate() throws {
    guard connections >= 1, connections <= 100_000 else { throw ValidationError("--connections must be at least 1.") }
    guard cpus >= 1 else { throw ValidationError("--cpus must be at least 1.") }
    guard !insecure || (tls.authorities == nil && tls.certificate == nil) else {
      throw ValidationError("--insecure means no TLS here, and goes with no certificates.")
    }
  }

  func configuration(compression: CompressionAlgorithm?) throws -> ChannelConfiguration {
    var configuration = ChannelConfiguration()
    configuration.tls = insecure ? nil : try tls.context()
    configuration.authority = tls.authority
    configuration.connectTimeout = .nanoseconds(Int64(clamping: connectTimeout.nanoseconds))
    configuration.maximumConnections = 1
    configuration.maximumResponseSize = 256 << 20
    configuration.idleTimeout = nil
    configuration.requestCompression = compression
    if let serviceConfig {
      let json =
        serviceConfig.hasPrefix("@") ? try File.text(String(serviceConfig.dropFirst()), "--service-config") : nil
      do throws(ChannelError) {
        configuration.serviceConfig = try ServiceConfig(json: json ?? serviceConfig)
      } catch {
        throw ValidationError("--service-config: \(error).")
      }
    }
    configuration.userAgent = "rpc-load"
    return configuration
  }
}
