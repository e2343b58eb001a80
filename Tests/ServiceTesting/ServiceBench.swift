package import EventLoop
package import ProtoWire
package import RPCCore
import RPCServer
package import TestPeer
import TestSupport
package import Testing
package import UserAPI
package import UserService

/// How a call failed, as the wire told it.
package struct CallStatus: Error, CustomStringConvertible {
  package let code: StatusCode?
  package let message: String
  package let details: [Google_Protobuf_Any]

  package func detail<Message: WireMessage>(_ type: Message.Type = Message.self) throws -> Message? {
    try details.first { $0.typeURL == "type.googleapis.com/\(Message.messageName)" }.map {
      try Message(wireBytes: $0.value)
    }
  }

  package var info: Google_Rpc_ErrorInfo? { try? detail() }
  package var resource: Google_Rpc_ResourceInfo? { try? detail() }
  package var retry: Google_Rpc_RetryInfo? { try? detail() }
  /// The fields of the BadRequest.
  package var fields: [String] { (try? detail(Google_Rpc_BadRequest.self))?.fieldViolations.map(\.field) ?? [] }

  package var description: String {
    "\(code.map(String.init(describing:)) ?? "?"): \(message) \(info?.reason ?? "no ErrorInfo")"
  }
}

extension Reply {
  /// How the call ended; nil if well.
  package func failure() throws -> CallStatus? {
    guard let status else { throw TestFailure("no grpc-status") }
    guard status != 0 else { return nil }
    return CallStatus(
      code: StatusCode(rawValue: status), message: text,
      details: try details.map { try Google_Rpc_Status(wireBytes: $0).details } ?? [])
  }
}

/// The user service, and clients of it.
package struct ServiceBench: Sendable {
  private let connect: @Sendable (_ streamWindow: Int32) async throws -> TestClient
  /// The access token of each call.
  package var token: String?

  /// - Parameters:
  ///   - services: what is served beside the users.
  ///   - feed: what WatchUsers reads; the caller runs it.
  ///   - heartbeatInterval: of WatchUsers.
  ///   - interceptors: made for the loops of the server.
  package static func run(
    _ store: any UserStore, over wire: TestWire = .memory, loops: EventLoopGroup, services: [any ServiceProvider] = [],
    feed: UserFeed? = nil, heartbeatInterval: Duration = UserServiceHandlers.heartbeatInterval,
    interceptors: (EventLoopGroup) throws -> [any ServerInterceptor] = { _ in [] },
    _ body: @Sendable (ServiceBench) async throws -> Void
  ) async throws {
    var configuration = ServerConfiguration()
    configuration.errorDomain = UserServiceError.domain
    let server = try GRPCServer(
      services: [UserServiceHandlers(store: store, feed: feed, heartbeatInterval: heartbeatInterval)] + services,
      interceptors: try interceptors(loops),
      configuration: configuration, loops: loops)
    let result: Result<Void, any Error>
    do {
      result = .success(try await body(ServiceBench(connect: wire.open(server))))
    } catch {
      result = .failure(error)
    }
    await server.shutdown(grace: .zero)
    try result.get()
  }

  package static func run(
    _ store: any UserStore, over wire: TestWire = .memory, _ body: @Sendable (ServiceBench) async throws -> Void
  ) async throws {
    let loops = try EventLoopGroup(count: 1, name: "test")
    defer { loops.shutdown() }
    try await run(store, over: wire, loops: loops, body)
  }

  /// The same service, called with a token.
  package func with(token: String?) -> ServiceBench {
    var bench = self
    bench.token = token
    return bench
  }

  // MARK: Calls

  /// A call of one response. Throws a `CallStatus` unless it ended well.
  package func call<Response: WireMessage>(
    _ method: MethodDescriptor, _ request: some WireMessage, timeout: String? = nil, as: Response.Type = Response.self
  ) async throws -> Response {
    let messages: [Response] = try await stream(method, request, timeout: timeout)
    guard messages.count == 1 else { throw TestFailure("\(messages.count) responses") }
    return messages[0]
  }

  /// All responses of a call.
  package func stream<Response: WireMessage>(
    _ method: MethodDescriptor, _ request: some WireMessage, timeout: String? = nil
  ) async throws -> [Response] {
    let reply = try await start(method, request.wireBytes(), timeout: timeout).finish()
    if let failure = try reply.failure() { throw failure }
    return try reply.messages.map { try Response(wireBytes: $0) }
  }

  /// Sends a request, on a connection of its own. Its responses are read as the test takes them.
  /// - Parameters:
  ///   - timeout: the value of grpc-timeout.
  ///   - window: how many bytes of responses may be under way.
  package func start(
    _ method: MethodDescriptor, _ request: [UInt8], timeout: String? = nil, window: Int32 = 65_535
  ) async throws -> TestPeer.ClientCall {
    let call = try await open(method, timeout: timeout, window: window)
    try await call.send(bytes: request, end: true)
    return call
  }

  /// Sends all requests of a stream, and takes all responses.
  package func send<Response: WireMessage>(
    _ method: MethodDescriptor, _ requests: [some WireMessage], as: Response.Type = Response.self
  ) async throws -> [Response] {
    let call = try await open(method)
    for request in requests { try await call.send(bytes: request.wireBytes(), end: false) }
    try await call.send(body: [], end: true)
    let reply = try await call.finish()
    if let failure = try reply.failure() { throw failure }
    return try reply.messages.map { try Response(wireBytes: $0) }
  }

  /// The status of a stream that must fail.
  package func sendFailing(
    _ method: MethodDescriptor, _ requests: [some WireMessage]
  ) async throws -> CallStatus {
    do {
      _ = try await send(method, requests) as [User]
    } catch let status as CallStatus {
      return status
    }
    throw TestFailure("the call did not fail")
  }

  /// Begins a call, on a connection of its own, whose requests the test sends.
  package func open(
    _ method: MethodDescriptor, timeout: String? = nil, window: Int32 = 65_535
  ) async throws -> TestPeer.ClientCall {
    let client = try await connect(window)
    let metadata: [HeaderField] =
      (timeout.map { [["grpc-timeout", $0]] } ?? []) + (token.map { [["authorization", "Bearer \($0)"]] } ?? [])
    return try await client.start(method.path, metadata: metadata)
  }

  /// The status of a call that must fail.
  package func failure(
    _ method: MethodDescriptor, _ request: some WireMessage, timeout: String? = nil,
    _ location: SourceLocation = #_sourceLocation
  ) async throws -> CallStatus {
    do {
      _ = try await stream(method, request, timeout: timeout) as [User]
    } catch let status as CallStatus {
      return status
    }
    Issue.record("the call did not fail", sourceLocation: location)
    throw TestFailure("the call did not fail")
  }

  package func create(_ email: String, name: String = "", labels: [String: String] = [:]) async throws -> User {
    let request = CreateUserRequest.with {
      $0.user = .with {
        $0.email = email
        $0.name = name
        $0.labels = labels
      }
    }
    return try await call(UserServiceMethods.createUser, request)
  }

  package func get(_ id: String, timeout: String? = nil) async throws -> User {
    try await call(UserServiceMethods.getUser, GetUserRequest.with { $0.id = id }, timeout: timeout)
  }
}
