import ArgumentParser
import CJemalloc
import CommandOptions
import EventLoop
import Glibc
import RPCCore
import RPCServer

/// A server for benchmarks of RPCServer, without a database.
@main
struct BenchServer: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench-server",
    abstract: "Serve helloworld.Greeter and benchmark.BenchmarkService, to measure RPCServer.")

  @Option(help: "Where to listen: HOST:PORT or unix:PATH; port 0 lets the system choose one.")
  var listen = "127.0.0.1:50052"

  @Option(help: "The number of event loops, each with a thread of its own.")
  var loops = EventLoopGroup.processorCount

  @OptionGroup var tls: TLSOptions

  func validate() throws {
    guard SocketAddress(listen) != nil else {
      throw ValidationError("--listen \(listen) is not HOST:PORT or unix:PATH")
    }
    guard loops > 0 else { throw ValidationError("--loops must be at least 1") }
  }

  func run() throws {
    DescriptorLimit.raise()
    let signals = try SignalSource(SIGTERM, SIGINT)
    guard let address = SocketAddress(listen) else { return }
    let credentials = try tls.credentials()
    let group = try EventLoopGroup(count: loops)
    let services: [any ServiceProvider] = [Greeter(), Benchmark()]
    let server = try GRPCServer(services: services + Reflection.services(for: services), loops: group)
    let addresses = try server.listen(on: address, tls: credentials)
    print("ready: \(addresses.map(\.description).joined(separator: ", "))")
    fflush(nil)
    let stop = Latch()
    try signals.watch(on: group.loops[0]) { stop.open() }
    stop.wait()
    Latch.wait { await server.shutdown(grace: .seconds(10)) }
    group.shutdown()
    _ = cjemalloc_allocated_bytes()
  }
}
