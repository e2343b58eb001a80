import ArgumentParser
import CommandOptions
import EventLoop
import Glibc
import RPCCore
import RPCServer

/// The server of gRPC's interoperability tests.
@main
struct InteropServer: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "interop-server",
    abstract: "Serve grpc.testing.TestService, for the interoperability tests of other implementations.")

  @Option(help: "The port to listen on, on all addresses; 0 lets the system choose one.")
  var port: UInt16 = 10_000

  @Flag(
    name: .customLong("tls"),
    help: "Serve TLS. Needs --tls-cert and --tls-key, which turn it on even without this flag.")
  var wantsTLS = false

  @OptionGroup var tls: TLSOptions

  func validate() throws {
    guard !wantsTLS || !tls.tlsCert.isEmpty else { throw ValidationError("--tls needs --tls-cert and --tls-key.") }
  }

  func run() throws {
    let signals = try SignalSource(SIGTERM, SIGINT)
    let credentials = try tls.credentials()
    let group = try EventLoopGroup(count: EventLoopGroup.processorCount)
    let services: [any ServiceProvider] = [TestService()]
    let server = try GRPCServer(services: services + Reflection.services(for: services), loops: group)
    let addresses = try server.listen(on: .tcp(host: "0.0.0.0", port: port), tls: credentials)
    print("ready: \(addresses.map(\.description).joined(separator: ", "))")
    fflush(nil)
    let stop = Latch()
    try signals.watch(on: group.loops[0]) { stop.open() }
    stop.wait()
    Latch.wait { await server.shutdown(grace: .seconds(10)) }
    group.shutdown()
  }
}
