public import EventLoop
import HTTP
import Primitives
public import ProtoWire
public import Transport

/// A small gRPC client for tests, over TCP, a Unix socket or TLS: one connection, any number of calls on it, one task
/// at a time. It waits without holding a thread, and reads only for a call that waits.
///
/// ```swift
/// let client = try await TestClient(address)
/// let reply = try await client.call("/users.v1.UserService/GetUser", GetUserRequest.with { $0.id = id })
/// let user = try reply.message(as: User.self)       // or look at reply.status, reply.text, reply.trailers
/// ```
public final class TestClient {
  private let stream: ByteStream
  private let session: HTTP2ClientSession
  private let scheme: String
  /// GOAWAY frames that came: the last stream that each allows.
  public private(set) var goAways: [Int32] = []

  /// Connects, and sends preface and SETTINGS.
  /// - Parameters:
  ///   - tls: whom the client trusts, and the host that the server's certificate must be for; nil: no TLS.
  ///   - streamWindow: how many bytes of a response the server may send before the test takes them. By default it never
  ///     waits for credit.
  /// - Throws: `Peer.Failure` if nobody listens, `TLSError` if the server can't be trusted.
  public convenience init(
    _ address: SocketAddress, tls: (TLSClientContext, host: String)? = nil, streamWindow: Int32 = 1 << 20
  ) async throws {
    try await self.init(over: ByteStream.connect(to: address, tls: tls), isSecure: tls != nil, streamWindow)
  }

  /// On a socket that is connected already, and is closed with the client.
  public convenience init(
    descriptor: Int32, tls: (TLSClientContext, host: String)? = nil, streamWindow: Int32 = 1 << 20
  ) async throws {
    try await self.init(over: ByteStream.over(descriptor, tls: tls), isSecure: tls != nil, streamWindow)
  }

  private init(over stream: ByteStream, isSecure: Bool, _ streamWindow: Int32) async throws {
    self.stream = stream
    var configuration = HTTP2ClientConfiguration()
    configuration.streamWindow = streamWindow
    configuration.connectionWindow = 1 << 24
    // Tests look at large header sections too.
    configuration.headerLimits = HeaderLimits(listSize: 1 << 20, fieldCount: 10_000)
    session = try HTTP2ClientSession(configuration: configuration, now: MonotonicClock.nanoseconds)
    scheme = isSecure ? "https" : "http"
    try await TestLoop.run { try flush() }
  }

  /// One request message, and all that is answered.
  public func call(
    _ path: String, _ request: some WireMessage, metadata: [HeaderField] = []
  ) async throws -> Reply {
    try await call(path, bytes: request.wireBytes(), metadata: metadata)
  }

  /// One request message of any bytes, and all that is answered.
  public func call(_ path: String, bytes: [UInt8] = [], metadata: [HeaderField] = []) async throws -> Reply {
    let call = try await start(path, metadata: metadata)
    try await call.send(bytes: bytes, end: true)
    return try await call.finish()
  }

  /// Begins a call whose messages are sent and taken one by one.
  public func start(_ path: String, metadata: [HeaderField] = []) async throws -> ClientCall {
    let fields: [HeaderField] = [
      [":method", "POST"], [":scheme", scheme], [":path", path], [":authority", "test"],
      ["content-type", "application/grpc"], ["te", "trailers"],
    ]
    let stream = try ClientStream(session, fields + metadata)
    try await TestLoop.run { try flush() }
    return ClientCall(client: self, stream)
  }

  /// Closes the connection, without a word.
  public func close() { stream.close() }

  // MARK: For its calls

  /// Gives the socket what it takes.
  func flush() throws {
    guard try stream.sendRest() else { return }
    var output: [UInt8] = []
    while let bytes = try session.nextOutput() { output += bytes }
    session.drainEvents()
    if !output.isEmpty { try output.withUnsafeBytes { try stream.send($0) } }
  }

  /// Sends what there is, waits for the server, and tells the calls what it says.
  /// - Throws: `Peer.Failure.ended` when the connection has ended; all calls are over then.
  func pump() async throws {
    try flush()
    try await stream.wait(for: stream.hasUnsent ? [.readable, .writable] : .readable)
    switch try stream.read() {
    case .bytes(let bytes):
      try bytes.withUnsafeBytes { try session.receive($0, now: MonotonicClock.nanoseconds) }
      session.drainEvents()
      if session.takeNotices().contains(.goAway), let goAway = session.goAway { goAways.append(goAway.lastStream) }
      try? flush()
    case .nothing: break
    case .end:
      session.end()
      throw Peer.Failure.ended
    }
  }
}
