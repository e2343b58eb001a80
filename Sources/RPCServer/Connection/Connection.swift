internal import EventLoop
internal import HTTP
import Logging
internal import Primitives
import RPCCore
internal import Transport

/// One client's connection: its transport and its HTTP/2 session. Belongs to its loop's thread.
///
/// A turn: read, let the session take the bytes, walk the streams that have news; at the turn's end submit what the
/// calls have to say and write all frames at once. docs/architecture.md tells the whole way.
// @unchecked Sendable: for the tasks of handlers, which run on that thread. Each `@exclusivity(unchecked)`: one thread
// reads and writes all of it, and no access calls back into another.
final class Connection: ReadinessHandler, TurnFlushable, HTTPServerSessionDelegate, @unchecked Sendable {
  private enum Phase {
    case open
    /// GOAWAY(2^31-1) and PING are sent; calls on their way are still taken.
    case announced
    /// GOAWAY(last) is sent; the calls that run are finished.
    case draining
    /// Something is broken, and nothing more is read; GOAWAY or an alert leaves with the turn's flush.
    case failing
    /// All is said; the peer's last bytes are read and dropped, so that closing does not destroy ours (RFC 9112, 9.6).
    case lingering
    case closed
  }

  /// Reads a turn before other connections get theirs.
  private static let readsPerTurn = 4
  /// With more unsent output than this, nothing is read: the peer must take answers before it asks for more.
  private static let outputCap = 1 << 20
  private static let lingerTime = Duration.seconds(1)
  /// How long the PING that follows the first GOAWAY may take.
  private static let announceTime = Duration.seconds(1)

  /// Unique in the process.
  let id = ServerRegistry.makeID()
  let owner: ServerLoop
  let peer: String
  @exclusivity(unchecked) var counters = ConnectionCounters()
  /// Place in the loop's list.
  @exclusivity(unchecked) var index = 0
  @exclusivity(unchecked) var isFlushScheduled = false
  /// Handlers that run, those of cancelled calls included.
  @exclusivity(unchecked) var runningHandlers = 0
  /// What messages hold that wait for the peer: the rest of a request, or a window.
  @exclusivity(unchecked) var heldBytes = 0

  let transport: SocketTransport
  @exclusivity(unchecked) private var source: IOSource?
  @exclusivity(unchecked) private(set) var session: HTTP2ServerSession?
  @exclusivity(unchecked) private var phase = Phase.open
  /// Calls with something to submit.
  @exclusivity(unchecked) private var writing: [Call] = []
  private var timer: LoopTimer?

  // Call+Handler.swift.
  /// Calls whose handlers are to be started.
  @exclusivity(unchecked) var ready: [Call] = []
  /// How many of them are.
  @exclusivity(unchecked) var started = 0
  /// The one whose handler was started last.
  @exclusivity(unchecked) var latest: Call?

  // Connection+Life.swift.
  @exclusivity(unchecked) var life: ConnectionLife
  var lifeTimer: LoopTimer?
  @exclusivity(unchecked) private(set) var lastReceived: UInt64

  /// - Parameter isLocal: the client is on a Unix socket.
  init(_ transport: SocketTransport, peer: String, isLocal: Bool = false, on owner: ServerLoop) throws(HTTP2Error) {
    self.transport = transport
    self.peer = peer
    self.owner = owner
    let now = owner.loop.now
    let limits = owner.core.lifeLimits
    life = ConnectionLife(limits, start: now, jitter: limits.age == nil ? 0 : .random(in: -1...1))
    lastReceived = now
    var http2 = owner.core.http2
    http2.takesAnyAuthority = isLocal
    session = try HTTP2ServerSession(configuration: http2, delegate: self, pool: owner.exchanges, now: now)
  }

  func start() throws(EventLoopError) {
    source = try owner.loop.register(transport.descriptor, .readable, self)
    owner.loop.flushAtEndOfTurn(self)
    startLifeTimer()
  }

  func makeHandler(for exchange: HTTPExchange) -> any HTTPExchangeHandler {
    counters.streamStarted(now: owner.now)
    return Call(exchange, connection: self)
  }

  // MARK: Reading

  func ready(_ readiness: Readiness) {
    owner.loop.assertCurrent()
    if !readiness.isDisjoint(with: [.readable, .hangup, .error]) { read() }
    if readiness.contains(.writable) { owner.loop.flushAtEndOfTurn(self) }
  }

  private func read() {
    do throws(SocketTransport.Failure) {
      for _ in 0..<Self.readsPerTurn {
        guard phase != .closed, let count = try transport.read(into: owner.readBuffer) else { return }
        guard count > 0 else { return close() }
        try take(UnsafeRawBufferPointer(rebasing: owner.readBuffer[..<count]))
        if transport.isEnded { return close() }
        if count < owner.readBuffer.count { return }
      }
    } catch {
      fail(error)
    }
  }

  private func take(_ bytes: UnsafeRawBufferPointer) throws(SocketTransport.Failure) {
    guard phase != .lingering, phase != .failing else { return }
    owner.now = owner.loop.now
    lastReceived = owner.now
    // For TLS's own answers, whether or not there is plaintext.
    defer { owner.loop.flushAtEndOfTurn(self) }
    try transport.decipher(bytes, through: owner.plainBuffer, now: owner.now) { receive($0) }
  }

  private func receive(_ bytes: UnsafeRawBufferPointer) {
    guard let session, phase != .failing else { return }
    do {
      try session.receive(bytes, now: owner.now)
    } catch {
      owner.log(.debug, "A connection broke HTTP/2.", metadata: ["peer": "\(peer)", "error": "\(error)"])
      endAfterFlush()
    }
    drainEvents()
    if phase == .announced, session.isPingAnswered { refuseNewStreams() }
  }

  private func drainEvents() {
    session?.drainEvents()
    startHandlers()
  }

  // MARK: Writing

  /// Asks the call at the end of the turn what it has to submit.
  func scheduleWrite(_ call: Call) {
    owner.loop.assertCurrent()
    writing.append(call)
    owner.loop.flushAtEndOfTurn(self)
  }

  /// A message of a request is whole.
  func messageArrived() {
    session?.messageArrived()
    counters.messageReceived(now: owner.now)
  }

  /// A message of a response is handed over.
  func messageLeft() { counters.messageSent(now: owner.now) }

  func credit(_ exchange: HTTPExchange, _ count: Int) {
    session?.credit(exchange, count)
    owner.loop.flushAtEndOfTurn(self)
  }

  func flushTurn() {
    owner.loop.assertCurrent()
    guard phase != .closed, let session else { return }
    owner.now = owner.loop.now
    session.now = owner.now
    if phase == .draining, owner.isDraining { endOpenEndedCalls() }
    for call in writing { call.submit(to: session) }
    writing.removeAll(keepingCapacity: true)
    do throws(SocketTransport.Failure) {
      guard try transport.sendRest(now: owner.now) else { return watch() }
      guard transport.isOpen else {
        // Clients that are not through their handshake have no calls to finish.
        if phase == .failing || phase == .draining { linger() }
        return watch()
      }
      try send(session)
    } catch {
      return fail(error)
    }
    drainEvents()
    watch()
    if transport.unsentCount == 0 { finishIfDone(session) }
  }

  private func send(_ session: HTTP2ServerSession) throws(SocketTransport.Failure) {
    var isMore = true
    while isMore, transport.unsentCount == 0 {
      isMore = false
      owner.gather.removeAll()
      do throws(HTTP2Error) {
        while let bytes = try session.nextOutput() {
          owner.gather.append(bytes)
          if owner.gather.isFull {
            isMore = true
            break
          }
        }
      } catch {
        // No memory is left for HTTP/2: nothing can be said to the peer.
        return close()
      }
      guard owner.gather.count > 0 else { return }
      try transport.send(owner.gather.bytes, now: owner.now)
    }
  }

  private func watch() {
    guard phase != .closed else { return }
    var interest: Readiness = transport.unsentCount > Self.outputCap ? [] : .readable
    if transport.unsentCount > 0 { interest.insert(.writable) }
    do { try source?.setInterest(interest) } catch { close() }
  }

  // MARK: Ending

  /// Two-phase GOAWAY, then the calls that run are finished, then the connection is closed.
  func drain() {
    owner.loop.assertCurrent()
    // One that drains already, for its age, now does so with its server.
    guard phase == .open, let session else { return owner.loop.flushAtEndOfTurn(self) }
    phase = .announced
    session.announceShutdown()
    startTimer(after: Self.announceTime) { [unowned self] in refuseNewStreams() }
    owner.loop.flushAtEndOfTurn(self)
  }

  private func refuseNewStreams() {
    guard phase == .announced, let session else { return }
    phase = .draining
    timer?.cancel()
    session.refuseNewStreams()
    owner.loop.flushAtEndOfTurn(self)
  }

  private func finishIfDone(_ session: HTTP2ServerSession) {
    if phase == .failing {
      linger()
    } else if phase == .draining, session.exchanges.isEmpty, !session.wantsWrite {
      linger()
    } else if session.isOver, phase != .lingering {
      linger()
    }
  }

  /// TLS that was broken is told why; a socket that is broken can't be.
  private func fail(_ failure: SocketTransport.Failure) {
    guard case .tls(let error) = failure, phase != .closed else { return close() }
    owner.log(.debug, "A connection broke TLS.", metadata: ["peer": "\(peer)", "error": "\(error)"])
    endAfterFlush()
  }

  /// Says what there is to say about a fault, and ends.
  func endAfterFlush() {
    guard phase != .lingering, phase != .closed else { return }
    phase = .failing
    owner.loop.flushAtEndOfTurn(self)
  }

  private func linger() {
    guard phase != .lingering, phase != .closed else { return }
    phase = .lingering
    stopLifeTimer()
    endCalls()
    transport.end()
    startTimer(after: Self.lingerTime) { [unowned self] in close() }
  }

  private func startTimer(after delay: Duration, _ action: @escaping () -> Void) {
    timer?.cancel()
    let timer = LoopTimer(on: owner.loop, action)
    timer.schedule(after: delay)
    self.timer = timer
  }

  private func endCalls() {
    guard let session else { return }
    self.session = nil
    session.end()
  }

  /// Closes at once; calls that run are cancelled.
  func close() {
    guard phase != .closed else { return }
    phase = .closed
    timer?.cancel()
    timer = nil
    stopLifeTimer()
    writing = []
    endCalls()
    source?.cancel()
    source = nil
    transport.close()
    owner.remove(self)
  }
}
