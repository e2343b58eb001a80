public import EventLoop
internal import Glibc
public import Logging
public import RPCCore
import Synchronization
public import Transport

/// A gRPC server on event loops.
///
/// ```swift
/// let loops = try EventLoopGroup(count: 2)
/// let server = try GRPCServer(services: [MyGreeter()], loops: loops)
/// try server.listen(on: .tcp(host: "127.0.0.1", port: 50051))
/// …
/// await server.shutdown(grace: .seconds(30))
/// ```
///
/// Any thread may call its methods, except a loop's.
public final class GRPCServer: Sendable {
  /// Unique in the process.
  package let id = ServerRegistry.makeID()
  private let core: ServerCore
  let loops: [ServerLoop]
  let listeners = Mutex<[Listener]>([])

  /// - Parameters:
  ///   - services: the services to serve. Each method runs on the loop of the connection that called it.
  ///   - interceptors: run around every call, the first outermost.
  ///   - loops: the loops of the connections; they keep running after the server has shut down.
  ///   - logger: where the server logs failed calls and faults; by default nowhere.
  /// - Throws: `ServerError` if two services have the same name.
  public init(
    services: [any ServiceProvider], interceptors: [any ServerInterceptor] = [],
    configuration: ServerConfiguration = .init(), loops: EventLoopGroup,
    logger: Logger = Logger(label: "grpc", factory: { _ in SwiftLogNoOpLogHandler() })
  ) throws(ServerError) {
    let core = ServerCore(
      router: try Router(services, classes: CallClasses(configuration)), interceptors: interceptors,
      configuration: configuration, loopCount: loops.loops.count,
      transcoders: configuration.connect.map { _ in MethodTranscoders(services.map { type(of: $0).serviceDescriptor })
      },
      logger: logger)
    self.core = core
    self.loops = loops.loops.map { ServerLoop(loop: $0, core: core) }
    ServerRegistry.add(self)
  }

  deinit { ServerRegistry.remove(id) }

  /// Listens on an address and begins to accept connections. It blocks to resolve a host name.
  /// - Parameters:
  ///   - address: where to listen. With a host name, the server listens on each of the name's addresses.
  ///   - tls: certificate and key, for TLS, where ALPN chooses between `h2` and `http/1.1`; nil for cleartext TCP,
  ///     where the client's first bytes tell HTTP/2 (h2c, prior knowledge) from HTTP/1.1.
  ///     Connections that begin after `TLSCredentials.reload` use the new ones.
  ///   - mode: the file mode of a Unix socket, such as 0o660, which says who may connect; nil: by the umask.
  /// - Returns: the addresses that it listens on. If the port was 0, they have the port that the system chose.
  /// - Throws: `EventLoopError` if it can't listen on one of the addresses; then it listens on none.
  @discardableResult
  public func listen(
    on address: SocketAddress, tls: TLSCredentials? = nil, mode: UInt32? = nil
  ) throws(EventLoopError) -> [SocketAddress] {
    let sockets = try ListeningSocket.open(address, mode: mode)
    for (index, socket) in sockets.enumerated() {
      do throws(EventLoopError) {
        try accept(socket, tls)
      } catch {
        for rest in sockets[(index + 1)...] { rest.close() }
        throw error
      }
    }
    return sockets.map(\.address)
  }

  /// Begins to accept connections on a socket that listens already, such as one of `SocketActivation`. The server
  /// closes it on shutdown, but does not remove a Unix socket's file.
  /// - Returns: the socket's address.
  /// - Throws: `EventLoopError` if epoll refuses the socket.
  @discardableResult
  public func listen(adopting descriptor: Int32, tls: TLSCredentials? = nil) throws(EventLoopError) -> SocketAddress {
    let socket = ListeningSocket(adopting: descriptor)
    try accept(socket, tls)
    return socket.address
  }

  /// Serves a client over a socket that is connected already, such as one end of a socket pair: a service can be
  /// tested, or called within its process, without a port.
  /// - Parameters:
  ///   - descriptor: a stream socket. The server closes it, also where it does not take the connection: when it shuts
  ///     down, or has as many as it may (``ServerConfiguration/maximumConnections``).
  ///   - tls: certificate and key, for TLS; nil for cleartext.
  public func serve(connected descriptor: Int32, tls: TLSCredentials? = nil) {
    Socket.setNonBlocking(descriptor)
    let isTCP = if case .tcp = Socket.localAddress(descriptor) { true } else { false }
    let accepted = Listener.Accepted(descriptor: descriptor, isTCP: isTCP, tls: tls?.context)
    if loops.handOver(accepted, limit: core.configuration.maximumConnections) != nil { accepted.close() }
  }

  /// Starts a listener, and returns when it accepts connections.
  private func accept(_ socket: ListeningSocket, _ tls: TLSCredentials?) throws(EventLoopError) {
    let listener = Listener(socket, credentials: tls, on: loops[0].loop, handingTo: loops, core: core)
    let failure = Mutex<EventLoopError?>(nil)
    let isDone = Latch()
    loops[0].loop.execute {
      do throws(EventLoopError) {
        try listener.start()
      } catch {
        failure.withLock { $0 = error }
      }
      isDone.open()
    }
    isDone.wait()
    if let failure = failure.withLock({ $0 }) { throw failure }
    listeners.withLock { $0.append(listener) }
  }

  /// Shuts down: accepts no more connections, sends each client two GOAWAY frames (HTTP/1.1: `connection: close`), and
  /// lets running calls finish. After `grace` it cancels the calls that still run. Returns when all connections are
  /// closed; cancelling the task that waits does not change that.
  public func shutdown(grace: Duration) async {
    ServerRegistry.remove(id)
    let open = listeners.withLock { listeners in
      defer { listeners = [] }
      return listeners
    }
    await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
      loops[0].loop.execute {
        for listener in open { listener.close() }
        done.resume()
      }
    }
    await withTaskGroup(of: Void.self) { tasks in
      for owner in loops {
        tasks.addTask {
          await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
            owner.loop.execute { owner.drain(grace: grace) { done.resume() } }
          }
        }
      }
    }
  }

  /// The number of running handlers, including those of calls that have ended.
  func runningCalls() async -> Int {
    var running = 0
    for owner in loops {
      running += await withUnsafeContinuation { (done: UnsafeContinuation<Int, Never>) in
        owner.loop.execute { done.resume(returning: owner.admission.running) }
      }
    }
    return running
  }
}
