/// Opens connections without blocking a loop: name lookup, then one attempt after the other over all addresses of the
/// name, in the order of the resolver. Any thread may use it.
///
/// ```swift
/// let descriptor = try await connector.connect(to: .tcp(host: "users.internal", port: 50051), on: loop)
/// ```
public struct Connector: Sendable {
  private let resolver: NameResolver
  private let attemptTimeout: Duration

  /// - Parameters:
  ///   - resolver: what looks host names up.
  ///   - attemptTimeout: how long each address may take to accept the connection.
  public init(resolver: NameResolver, attemptTimeout: Duration = .seconds(10)) {
    self.resolver = resolver
    self.attemptTimeout = attemptTimeout
  }

  /// Connects to a host or a Unix socket.
  ///
  /// Cancelling the task ends the attempt.
  /// - Returns: the descriptor of a connected socket, non-blocking, with TCP_NODELAY. The caller closes it.
  /// - Throws: `ConnectError` with what each address answered.
  public func connect(to address: SocketAddress, on loop: EventLoop) async throws(ConnectError) -> Int32 {
    guard case .tcp(let host, let port) = address else { return try await connect(to: [address], on: loop) }
    let numbers: [String]
    do throws(NameResolutionError) {
      numbers = try await resolver.addresses(of: host)
    } catch {
      throw error.code == .cancelled ? .cancelled : .unresolved(error)
    }
    return try await connect(to: numbers.map { .tcp(host: $0, port: port) }, on: loop)
  }

  /// Connects to the first of these that accepts. Hosts must be IP addresses.
  public func connect(to addresses: [SocketAddress], on loop: EventLoop) async throws(ConnectError) -> Int32 {
    let attempt = ConnectAttempt(addresses, timeout: attemptTimeout, on: loop)
    let result = await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        loop.execute { attempt.start(continuation) }
      }
    } onCancel: {
      loop.execute { attempt.cancel() }
    }
    return try result.get()
  }
}
