import EventLoop
import ProtoWire
import RPCCore
import RPCServer
import TestPeer
import Transport

typealias Bytes = Google_Protobuf_BytesValue
typealias Number = Google_Protobuf_Int64Value

/// A service of whatever methods a test needs.
struct TestService: ServiceProvider {
  static let serviceDescriptor = ServiceDescriptor(
    name: "test.Service", methods: [], file: ProtoFile(name: "test.proto", serialized: []))

  let methodHandlers: [MethodHandler]
}

/// A server in this process, on a port of its own.
struct TestServer: Sendable {
  let server: GRPCServer
  let loops: EventLoopGroup
  let address: SocketAddress

  func client() async throws -> TestClient { try await TestClient(address) }

  /// A peer whose handshake is done as far as it sends.
  func peer(streamWindow: UInt32 = 65_535) async throws -> Peer {
    let peer = try await Peer(address)
    try await peer.start(streamWindow: streamWindow)
    return peer
  }
}

/// Serves the methods while `body` runs, on the loop of the peers, and stops.
func serving(
  _ methods: [MethodHandler] = [], services: [any ServiceProvider] = [], interceptors: [any ServerInterceptor] = [],
  on listen: SocketAddress = .tcp(host: "127.0.0.1", port: 0), tls: TLSCredentials? = nil, loops: Int = 1,
  _ configure: (inout ServerConfiguration) -> Void = { _ in }, _ body: (TestServer) async throws -> Void
) async throws {
  var configuration = ServerConfiguration()
  // Tests use PING to know that all before it was taken.
  configuration.times.minimumPingInterval = .zero
  configuration.times.allowsPingsWithoutCalls = true
  configure(&configuration)
  let group = try EventLoopGroup(count: loops, name: "test")
  let server = try GRPCServer(
    services: services + [TestService(methodHandlers: methods)], interceptors: interceptors,
    configuration: configuration,
    loops: group)
  let address = try server.listen(on: listen, tls: tls)[0]
  let result: Result<Void, any Error>
  do {
    try await TestLoop.run { try await body(TestServer(server: server, loops: group, address: address)) }
    result = .success(())
  } catch {
    result = .failure(error)
  }
  await server.shutdown(grace: .zero)
  try await whereBlockingIsFine { group.shutdown() }
  try result.get()
}

extension MethodDescriptor {
  static func test(_ name: String, _ kind: Kind) -> MethodDescriptor {
    MethodDescriptor(service: "test.Service", name: name, kind: kind)
  }
}

/// `/test.Service/name`
func path(_ name: String) -> String { "/test.Service/\(name)" }

func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) } }

extension Bytes {
  init(_ value: [UInt8]) { self = .with { $0.value = value } }
}

extension Number {
  init(_ value: Int64) { self = .with { $0.value = value } }
}

// MARK: Methods that many tests use

extension MethodHandler {
  /// Unary: the request comes back.
  static let echo = unary(.test("Echo", .unary)) { (request: Bytes, _) in request }

  /// Server streaming: the numbers from 1 to the request's.
  static let count = serverStreaming(.test("Count", .serverStreaming)) {
    (request: Number, responses: ResponseWriter<Number>, _) in
    for number in stride(from: 1, through: request.value, by: 1) { try await responses.write(Number(number)) }
  }

  /// Client streaming: the sum of the requests.
  static let sum = clientStreaming(.test("Sum", .clientStreaming)) { (requests: RequestStream<Number>, _) in
    var sum: Int64 = 0
    for try await request in requests { sum &+= request.value }
    return Number(sum)
  }

  /// Bidirectional: each request comes back.
  static let chat = bidirectionalStreaming(.test("Chat", .bidirectionalStreaming)) {
    (requests: RequestStream<Bytes>, responses: ResponseWriter<Bytes>, _) in
    for try await request in requests { try await responses.write(request) }
  }

  /// Unary: says that it was entered, waits until the task is cancelled, says so, and fails as cancelled tasks do.
  static func park(entered: Gate, cancelled: Gate) -> MethodHandler {
    unary(.test("Park", .unary)) { (_: Bytes, _) -> Bytes in
      entered.open()
      await untilCancelled()
      cancelled.open()
      throw CancellationError()
    }
  }

  /// Unary: says that it was entered, waits to be let go, cancelled or not, and answers.
  static func wait(entered: Gate, go: Gate) -> MethodHandler {
    unary(.test("Wait", .unary)) { (request: Bytes, _) in
      entered.open()
      await go.passed()
      return request
    }
  }
}
