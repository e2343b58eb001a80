import EventLoop
import ProtoWire
import RPCClient
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

  var target: ChannelTarget { .addresses([address]) }

  /// A client of it.
  func client(_ configure: (inout ChannelConfiguration) -> Void = { _ in }) throws -> TestClient {
    TestClient(try Channel(target, configuration: .with(configure)))
  }

  static func start(
    _ methods: [MethodHandler], on listen: SocketAddress = .tcp(host: "127.0.0.1", port: 0),
    tls: TLSCredentials? = nil, loops: Int = 1, interceptors: [any ServerInterceptor] = [],
    _ configure: (inout ServerConfiguration) -> Void = { _ in }
  ) async throws -> TestServer {
    var configuration = ServerConfiguration()
    configure(&configuration)
    let group = try EventLoopGroup(count: loops, name: "test")
    let server = try GRPCServer(
      services: [TestService(methodHandlers: methods)], interceptors: interceptors, configuration: configuration,
      loops: group)
    let address = try await whereBlockingIsFine { try server.listen(on: listen, tls: tls)[0] }
    return TestServer(server: server, loops: group, address: address)
  }

  func stop(grace: Duration = .zero) async throws {
    await server.shutdown(grace: grace)
    try await whereBlockingIsFine { loops.shutdown() }
  }
}

/// Serves the methods while `body` runs, on the loop of the tests, and stops.
func serving(
  _ methods: [MethodHandler], on listen: SocketAddress = .tcp(host: "127.0.0.1", port: 0),
  tls: TLSCredentials? = nil, loops: Int = 1, _ configure: (inout ServerConfiguration) -> Void = { _ in },
  _ body: (TestServer) async throws -> Void
) async throws {
  let server = try await TestServer.start(methods, on: listen, tls: tls, loops: loops, configure)
  let result: Result<Void, any Error>
  do {
    try await TestLoop.run { try await body(server) }
    result = .success(())
  } catch {
    result = .failure(error)
  }
  try await server.stop()
  try result.get()
}

extension MethodDescriptor {
  static func test(_ name: String, _ kind: Kind) -> MethodDescriptor {
    MethodDescriptor(service: "test.Service", name: name, kind: kind)
  }
}

/// What a generated client of the test's methods would be.
struct TestClient: Sendable {
  let channel: any ClientChannel

  init(_ channel: any ClientChannel) { self.channel = channel }

  func echo(_ value: [UInt8], _ options: CallOptions = CallOptions()) async throws -> [UInt8] {
    let answer: Bytes = try await channel.unary(.test("Echo", .unary), Bytes(value), options)
    return answer.value
  }

  /// A unary method.
  func call(_ name: String, _ value: [UInt8] = [], _ options: CallOptions = CallOptions()) async throws -> [UInt8] {
    let answer: Bytes = try await channel.unary(.test(name, .unary), Bytes(value), options)
    return answer.value
  }

  func count(_ limit: Int64, _ options: CallOptions = CallOptions()) -> ResponseStream<Number> {
    channel.serverStreaming(.test("Count", .serverStreaming), Number(limit), options)
  }

  func sum(_ options: CallOptions = CallOptions()) -> ClientStreamingCall<Number, Number> {
    channel.clientStreaming(.test("Sum", .clientStreaming), options)
  }

  func chat(_ options: CallOptions = CallOptions()) -> BidirectionalCall<Bytes, Bytes> {
    channel.bidirectionalStreaming(.test("Chat", .bidirectionalStreaming), options)
  }

  /// The status with which a unary method fails; OK if it does not.
  func status(of name: String, _ value: [UInt8] = [], _ options: CallOptions = CallOptions()) async -> RPCError {
    do {
      _ = try await call(name, value, options)
      return RPCError(.ok, "")
    } catch {
      return error as? RPCError ?? RPCError(.ok, "no RPCError: \(error)")
    }
  }
}

func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) } }

extension Bytes {
  init(_ value: [UInt8]) { self = .with { $0.value = value } }
}

extension Number {
  init(_ value: Int64) { self = .with { $0.value = value } }
}

extension CallOptions {
  static func timeout(_ timeout: Duration) -> CallOptions { .with { $0.timeout = timeout } }
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
