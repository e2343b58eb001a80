internal import EventLoop
internal import Glibc
import Logging
import Synchronization
internal import Transport

/// A listening socket on one loop. It passes each connection to the loop that has the fewest: otherwise a few busy
/// HTTP/2 connections could share a core while another idles.
// @unchecked Sendable: only `loop`'s thread touches its variables.
final class Listener: ReadinessHandler, @unchecked Sendable {
  /// A connection that was accepted, before its loop takes it over.
  struct Accepted: Sendable {
    let descriptor: Int32
    let isTCP: Bool
    let tls: TLSContext?

    func close() { _ = Glibc.close(descriptor) }
  }

  /// How long to wait before the next attempt when accept(2) fails: without file descriptors it would fail in a loop.
  private static let pause = Duration.milliseconds(100)
  private static let acceptsPerTurn = 64

  /// Unique in the process.
  let id = ServerRegistry.makeID()
  private let socket: ListeningSocket
  private let isTCP: Bool
  private let credentials: TLSCredentials?
  private let loop: EventLoop
  private let loops: [ServerLoop]
  private let logger: Logger
  private let maximumConnections: Int
  private var source: IOSource?
  private var pauseTimer: LoopTimer?

  /// - Parameter socket: the listener closes it in `close()`.
  init(
    _ socket: ListeningSocket, credentials: TLSCredentials?, on loop: EventLoop, handingTo loops: [ServerLoop],
    core: ServerCore
  ) {
    self.credentials = credentials
    self.socket = socket
    isTCP = if case .tcp = socket.address { true } else { false }
    self.loop = loop
    self.loops = loops
    logger = core.logger
    maximumConnections = core.configuration.maximumConnections
  }

  /// The address that it listens on, with its actual port.
  var address: SocketAddress { socket.address }

  /// Begins to accept connections.
  /// - Throws: if epoll refuses the socket; the listener has closed it then.
  func start() throws(EventLoopError) {
    do throws(EventLoopError) {
      source = try loop.register(socket.descriptor, .readable, self)
    } catch {
      socket.close()
      throw error
    }
  }

  func close() {
    guard source != nil else { return }
    source?.cancel()
    source = nil
    pauseTimer = nil
    socket.close()
  }

  func ready(_ readiness: Readiness) {
    loop.assertCurrent()
    do {
      for _ in 0..<Self.acceptsPerTurn {
        guard let accepted = try Socket.accept(socket.descriptor) else { return }
        handOver(accepted)
      }
    } catch {
      loop.logThrottle.log(
        .error, "Accepting connections failed; it retries.", metadata: ["error": "\(error)"], to: logger)
      try? source?.setInterest([])
      let timer = LoopTimer(on: loop) { [unowned self] in try? source?.setInterest(.readable) }
      timer.schedule(after: Self.pause)
      pauseTimer = timer
    }
  }

  private func handOver(_ descriptor: Int32) {
    let accepted = Accepted(descriptor: descriptor, isTCP: isTCP, tls: credentials?.context)
    guard let open = loops.handOver(accepted, limit: maximumConnections) else { return }
    accepted.close()
    loop.logThrottle.log(
      .warning, "A connection was refused: the limit of open connections is reached.",
      metadata: ["connections": "\(open)"], to: logger)
  }
}
