import EventLoop
import InteropAPI
import ProtoWire
import RPCCore
import RPCServer
import Synchronization

/// A server of grpc.testing.TestService with reflection, which notes its calls.
final class LoadServer: Sendable {
  let service = Service()
  let address: SocketAddress
  private let server: GRPCServer
  private let loops: EventLoopGroup

  private init() throws {
    loops = try EventLoopGroup(count: 1)
    let services: [any ServiceProvider] = [service]
    server = try GRPCServer(services: services + Reflection.services(for: services), loops: loops)
    address = try server.listen(on: .tcp(host: "127.0.0.1", port: 0))[0]
  }

  /// Serves while `body` runs.
  static func with(_ body: (LoadServer) async throws -> Void) async throws {
    let server = try LoadServer()
    let result = await Result { try await body(server) }
    await server.server.shutdown(grace: .zero)
    server.loops.shutdown()
    try result.get()
  }

  final class Service: TestServiceProvider {
    struct Calls {
      var count = 0
      /// How often each size was asked for.
      var sizes: [Int32: Int] = [:]
      var numbers: Set<String> = []
      var peers: Set<String> = []
    }

    let calls = Mutex(Calls())
    /// Milliseconds that a unary call takes.
    let delay = Atomic(0)

    func emptyCall(_ request: Empty, context: ServerContext) async throws -> Empty { Empty() }

    func unaryCall(_ request: SimpleRequest, context: ServerContext) async throws -> SimpleResponse {
      calls.withLock { calls in
        calls.count += 1
        calls.sizes[request.responseSize, default: 0] += 1
        calls.numbers.insert(context.requestMetadata.text("x-number") ?? "")
        calls.peers.insert(context.peer)
      }
      let delay = delay.load(ordering: .relaxed)
      if delay > 0 { try await Task.sleep(for: .milliseconds(delay)) }
      if let status = request.responseStatus, let code = StatusCode(rawValue: Int(status.code)), code != .ok {
        throw RPCError(code, status.message)
      }
      return SimpleResponse()
    }

    func cacheableUnaryCall(_ request: SimpleRequest, context: ServerContext) async throws -> SimpleResponse {
      SimpleResponse()
    }

    func streamingOutputCall(
      _ request: StreamingOutputCallRequest, responses: ResponseWriter<StreamingOutputCallResponse>,
      context: ServerContext
    ) async throws {
      for _ in request.responseParameters { try await responses.write(StreamingOutputCallResponse()) }
    }

    func streamingInputCall(
      _ requests: RequestStream<StreamingInputCallRequest>, context: ServerContext
    ) async throws -> StreamingInputCallResponse {
      for try await _ in requests {}
      return StreamingInputCallResponse()
    }

    func fullDuplexCall(
      _ requests: RequestStream<StreamingOutputCallRequest>, responses: ResponseWriter<StreamingOutputCallResponse>,
      context: ServerContext
    ) async throws {
      for try await request in requests {
        for _ in request.responseParameters { try await responses.write(StreamingOutputCallResponse()) }
      }
    }

    func halfDuplexCall(
      _ requests: RequestStream<StreamingOutputCallRequest>, responses: ResponseWriter<StreamingOutputCallResponse>,
      context: ServerContext
    ) async throws {}

    func unimplementedCall(_ request: Empty, context: ServerContext) async throws -> Empty { Empty() }
  }
}

extension Result where Failure == any Error {
  /// What an asynchronous function returns or throws.
  init(_ body: () async throws -> Success) async {
    do {
      self = .success(try await body())
    } catch {
      self = .failure(error)
    }
  }
}
