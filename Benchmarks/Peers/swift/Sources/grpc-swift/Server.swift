import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Glibc
import NIOPosix

/// grpc-swift-2 with one event loop. It coalesces flushes, as is its default and advised for many calls at once; the
/// argument `alone` turns that off, as is advised for few.
@main
struct Server {
  static func main() async throws {
    let transport = HTTP2ServerTransport.Posix(
      address: .ipv4(host: "127.0.0.1", port: 0),
      transportSecurity: .plaintext,
      config: .defaults {
        if CommandLine.arguments.contains("alone") { $0.connection.flushCoalescing = nil }
        $0.http2.targetWindowSize = 1 << 20
      },
      eventLoopGroup: MultiThreadedEventLoopGroup(numberOfThreads: 1))
    let server = GRPCServer(transport: transport, services: [Benchmark(), Greetings()])
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await server.serve() }
      guard let address = try await transport.listeningAddress.ipv4 else { return }
      var line = "ready: \(address.host):\(address.port)\n"
      line.withUTF8 { _ = write(1, $0.baseAddress, $0.count) }
      try await group.waitForAll()
    }
  }
}

struct Benchmark: BenchmarkService.SimpleServiceProtocol {
  func getSum(request: SumRequest, context: ServerContext) async throws -> SumReply {
    .with { $0.result = request.a &+ request.b }
  }

  func streamSum(request: StreamRequest, response: RPCWriter<SumReply>, context: ServerContext) async throws {
    let reply = SumReply.with { $0.result = request.a &+ request.b }
    for _ in 0..<request.count { try await response.write(reply) }
  }

  func collectSum(request: RPCAsyncSequence<SumRequest, any Error>, context: ServerContext) async throws -> SumReply {
    var total: Int32 = 0
    for try await one in request { total = total &+ one.a &+ one.b }
    return .with { $0.result = total }
  }

  func echoSum(
    request: RPCAsyncSequence<SumRequest, any Error>, response: RPCWriter<SumReply>, context: ServerContext
  ) async throws {
    for try await one in request { try await response.write(.with { $0.result = one.a &+ one.b }) }
  }
}

struct Greetings: Greeter.SimpleServiceProtocol {
  func sayHello(request: HelloRequest, context: ServerContext) async throws -> HelloReply {
    .with { $0.response = request.request }
  }
}
