import EventLoop
import Glibc
import Primitives
import Transport

/// The bytes of a test's connection: over TCP, a Unix socket or TLS. Nothing is read that was not asked for. Belongs to
/// `TestLoop`.
final class ByteStream: ReadinessHandler {
  enum Input {
    case bytes([UInt8])
    /// None has come yet.
    case nothing
    /// The other end has closed, or broken, the connection.
    case end
  }

  private let transport: SocketTransport
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 16)
  private let plaintext = UnsafeMutableRawBufferPointer.allocate(byteCount: 16_384, alignment: 16)
  /// What came together with the end of TLS's handshake.
  private var early: [UInt8] = []
  private var isClosed = false
  private var source: IOSource?
  private var waiter: UnsafeContinuation<Result<Bool, EventLoopError>, Never>?
  private lazy var timer = LoopTimer(on: TestLoop.shared) { [unowned self] in finishWait(.success(false)) }

  /// - Parameter descriptor: a connected socket, which is closed with the stream.
  init(descriptor: Int32, tls: TLSSession? = nil, buffers: TLSBuffers = TLSBuffers()) {
    Socket.setNonBlocking(descriptor)
    transport = SocketTransport(descriptor, tls: tls, buffers: buffers)
  }

  deinit {
    close()
    buffer.deallocate()
    plaintext.deallocate()
  }

  /// Connects; nothing is sent but TLS's handshake.
  /// - Parameter host: whom the server's certificate must be for.
  static func connect(to address: SocketAddress, tls: (TLSClientContext, host: String)? = nil) async throws
    -> ByteStream
  {
    let descriptor: Int32
    do throws(ConnectError) {
      let connector = Connector(resolver: resolver, attemptTimeout: .seconds(Peer.patience))
      descriptor = try await connector.connect(to: address, on: TestLoop.shared)
    } catch {
      guard case .refused(let failures) = error, let last = failures.last else { throw error }
      throw Peer.Failure.socket(call: last.call, errno: last.errno)
    }
    return try await over(descriptor, tls: tls)
  }

  /// Over a socket that is connected already, which is closed with the stream.
  static func over(_ descriptor: Int32, tls: (TLSClientContext, host: String)?) async throws -> ByteStream {
    guard let tls else { return ByteStream(descriptor: descriptor) }
    let buffers = TLSBuffers()
    let stream = ByteStream(
      descriptor: descriptor, tls: try TLSSession(tls.0, host: tls.host, buffers: buffers), buffers: buffers)
    try await TestLoop.run { try await stream.shakeHands() }
    return stream
  }

  private static let resolver = NameResolver()

  private func shakeHands() async throws {
    try transport.start(now: TestLoop.shared.now)
    while !transport.isOpen {
      _ = try sendRest()
      if transport.isOpen { return }
      switch try read() {
      case .bytes(let bytes): early += bytes
      case .nothing: try await wait(for: hasUnsent ? [.readable, .writable] : .readable)
      case .end: throw Peer.Failure.ended
      }
    }
  }

  // MARK: Bytes

  /// What has come.
  func read() throws -> Input {
    guard !isClosed, !transport.isEnded else { return .end }
    guard early.isEmpty || !transport.isOpen else {
      defer { early = [] }
      return .bytes(early)
    }
    let count: Int?
    do {
      count = try transport.read(into: buffer)
    } catch {
      return .end
    }
    guard let count else { return .nothing }
    guard count > 0 else { return .end }
    var received: [UInt8] = []
    let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
    try transport.decipher(bytes, through: plaintext, now: TestLoop.shared.now) { received += $0 }
    return received.isEmpty ? .nothing : .bytes(received)
  }

  /// Something of what was given to `send` is still here.
  var hasUnsent: Bool { transport.unsentCount > 0 }

  /// Sends what the socket takes, and keeps the rest. Only while there is nothing unsent.
  /// - Throws: `Peer.Failure.socket` if the other end is gone.
  func send(_ bytes: UnsafeRawBufferPointer) throws {
    guard !isClosed, !hasUnsent else { throw Peer.Failure.socket(call: "send", errno: EBADF) }
    do {
      try transport.send(bytes, now: TestLoop.shared.now)
    } catch {
      throw Peer.Failure.socket(call: "send", errno: EPIPE)
    }
  }

  /// Sends of the rest what the socket takes.
  /// - Returns: whether all is sent.
  func sendRest() throws -> Bool {
    do {
      return try isClosed || transport.sendRest(now: TestLoop.shared.now)
    } catch {
      throw Peer.Failure.socket(call: "send", errno: EPIPE)
    }
  }

  /// Says that nothing more will be sent.
  func closeSending() { transport.end() }

  /// Closes the socket by a reset (RST), also if nothing is left unread.
  func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(transport.descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    close()
  }

  /// Closes the socket. A second time does nothing.
  func close() {
    if !isClosed { transport.close() }
    isClosed = true
  }

  // MARK: Waiting

  /// Suspends until the socket is ready. For one task at a time.
  /// - Throws: `Peer.Failure.silence` if that takes longer than a test may take.
  func wait(for interest: Readiness) async throws {
    TestLoop.shared.assertCurrent()
    precondition(waiter == nil, "two tasks wait for one connection")
    let isReady = try await withUnsafeContinuation { continuation in
      waiter = continuation
      do throws(EventLoopError) {
        source = try TestLoop.shared.register(transport.descriptor, interest, self)
        timer.schedule(after: .seconds(Peer.patience))
      } catch {
        finishWait(.failure(error))
      }
    }.get()
    if !isReady { throw Peer.Failure.silence }
  }

  func ready(_ readiness: Readiness) { finishWait(.success(true)) }

  private func finishWait(_ result: Result<Bool, EventLoopError>) {
    timer.cancel()
    source?.cancel()
    source = nil
    let waiter = waiter
    self.waiter = nil
    waiter?.resume(returning: result)
  }
}
