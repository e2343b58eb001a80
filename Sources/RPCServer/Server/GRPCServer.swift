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
/// Any thread may call its methods, but no loop's.
public final class GRPCServer: Sendable {
  /// Unique in the process.
  package let id = ServerRegistry.makeID()
  private let core: ServerCore
  let loops: [ServerLoop]
  let listeners = Mutex<[Listener]>([])

  /// - Parameters:
  ///   - services: what is served. Each method runs on the loop of the connection that called it.
  ///   - interceptors: run around every call, the first outermost.
  ///   - loops: where connections live; they keep running when the server shuts down.
  ///   - logger: where failed calls go; silent by default.
  /// - Throws: `ServerError` when two services have the same name.
  public init(
    services: [any ServiceProvider], interceptors: [any ServerInterceptor] = [],
    configuration: ServerConfiguration = .init(), loops: EventLoopGroup,
    logger: Logger = Logger(label: "grpc", factory: { _ in SwiftLogNoOpLogHandler() })
  ) throws(ServerError) {
    let core = ServerCore(
      router: try Router(services, classes: CallClasses(configuration)), interceptors: interceptors,
      configuration: configuration, loopCount: loops.loops.count, logger: logger)
    self.core = core
    self.loops = loops.loops.map { ServerLoop(loop: $0, core: core) }
    ServerRegistry.add(self)
  }

  deinit { ServerRegistry.remove(id) }

  /// Begins to accept connections.
  /// - Parameters:
  ///   - address: a host name stands for all its addresses.
  ///   - tls: certificate and key, for TLS with ALPN `h2`; nil for HTTP/2 over TCP as it is (h2c, prior knowledge).
  ///     Connections that come after `TLSCredentials.reload` get the new ones.
  ///   - mode: who may connect to a Unix socket, as chmod has it: 0o660; nil: as the umask says.
  /// - Returns: where it listens, with the port that was chosen if it was 0.
  /// - Throws: `EventLoopError` when one of the addresses can't be had.
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

  /// Begins to accept connections on a socket that listens already, such as one of `SocketActivation`. It is closed
  /// when the server shuts down; a Unix socket's file is left to who made it.
  /// - Returns: its address.
  /// - Throws: `EventLoopError` if it can't be watched.
  @discardableResult
  public func listen(adopting descriptor: Int32, tls: TLSCredentials? = nil) throws(EventLoopError) -> SocketAddress {
    let socket = ListeningSocket(adopting: descriptor)
    try accept(socket, tls)
    return socket.address
  }

  /// Returns when connections are taken.
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

  /// Stops: no new connections; clients are told (two-phase GOAWAY), calls that run are finished, and what still runs
  /// after `grace` is cancelled. Returns when all connections are closed. Cancelling the task that waits changes
  /// nothing.
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

  /// Handlers that run now, those of calls that are over included.
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
