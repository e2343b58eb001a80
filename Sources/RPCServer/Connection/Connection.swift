internal import EventLoop
internal import HTTP
import Logging
internal import Primitives
import RPCCore
internal import Transport

/// One client's connection: its transport, and its session of HTTP/2 or HTTP/1.1. Belongs to its loop's thread.
///
/// A turn: read, let the session take the bytes, walk the streams that have news; at the turn's end submit what the
/// calls have to say and write all frames at once. docs/architecture.md tells the whole way.
// @unchecked Sendable: for the tasks of handlers, which run on that thread. Each `@exclusivity(unchecked)`: one thread
// reads and writes all of it, and no access calls back into another.
final class Connection: ReadinessHandler, TurnFlushable, HTTPServerSessionDelegate, @unchecked Sendable {
  enum Phase {
    case open
    /// GOAWAY(2^31-1) and PING are sent; calls on their way are still taken.
    case announced
    /// GOAWAY(last) is sent, or HTTP/1.1 takes no further request; the calls that run are finished.
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
  static let outputCap = 1 << 20

  /// Unique in the process.
  let id = ServerRegistry.makeID()
  let owner: ServerLoop
  let peer: String
  @exclusivity(unchecked) var counters = ConnectionCounters()
  /// The connection's place in the loop's list.
  @exclusivity(unchecked) var index = 0
  @exclusivity(unchecked) var isFlushScheduled = false
  /// Handlers that run, those of cancelled calls included.
  @exclusivity(unchecked) var runningHandlers = 0
  /// Bytes of messages that wait for the peer: for the rest of a request, or for window.
  @exclusivity(unchecked) var heldBytes = 0

  let transport: SocketTransport
  /// Nil before `start` and in the phase `closed`.
  @exclusivity(unchecked) var source: IOSource?
  @exclusivity(unchecked) var session = ConnectionSession.undetermined(preface: 0)
  @exclusivity(unchecked) var phase = Phase.open
  /// Calls with something to submit.
  @exclusivity(unchecked) var writing: [Call] = []
  var timer: LoopTimer?

  /// The client is on a Unix socket.
  let isLocal: Bool

  // Call+Handler.swift.
  /// Calls whose handlers are to be started.
  @exclusivity(unchecked) var ready: [Call] = []
  /// How many of the calls in `ready` were started.
  @exclusivity(unchecked) var startedCount = 0
  /// The call whose handler was started last.
  @exclusivity(unchecked) var latest: Call?

  // Connection+Life.swift.
  @exclusivity(unchecked) var life: ConnectionLife
  var lifeTimer: LoopTimer?
  @exclusivity(unchecked) private(set) var lastReceived: UInt64

  /// - Parameter isLocal: the client is on a Unix socket.
  init(_ transport: SocketTransport, peer: String, isLocal: Bool = false, on owner: ServerLoop) {
    self.transport = transport
    self.peer = peer
    self.isLocal = isLocal
    self.owner = owner
    let now = owner.loop.now
    let limits = owner.core.lifeLimits
    life = ConnectionLife(limits, start: now, jitter: limits.age == nil ? 0 : .random(in: -1...1))
    lastReceived = now
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
    if !readiness.isDisjoint(with: [.readable, .hangup, .error]) {
      // epoll reports the end of a connection in each turn until it is closed, also while nothing is to be read.
      if !wantsRead, !readiness.isDisjoint(with: [.hangup, .error]) { return close() }
      read()
    }
    if readiness.contains(.writable) { owner.loop.flushAtEndOfTurn(self) }
  }

  private func read() {
    do throws(SocketTransport.Failure) {
      for _ in 0..<Self.readsPerTurn {
        guard phase != .closed, wantsRead, let count = try transport.read(into: owner.readBuffer) else { return }
        guard count > 0 else { return inputEnded() }
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
    guard phase != .failing else { return }
    switch session {
    case .http2(let session): receive(bytes, session)
    case .http1(let session): receive(bytes, session)
    case .undetermined(let preface): chooseSession(bytes, preface)
    case .ended: break
    }
  }

  func receive(_ bytes: UnsafeRawBufferPointer, _ session: HTTP2ServerSession) {
    do {
      try session.receive(bytes, now: owner.now)
    } catch {
      owner.log(.debug, "A connection broke HTTP/2.", metadata: ["peer": "\(peer)", "error": "\(error)"])
      endAfterFlush()
    }
    drainEvents(session)
    if phase == .announced, session.isPingAnswered { refuseNewStreams() }
  }

  private func drainEvents(_ session: HTTP2ServerSession) {
    session.drainEvents()
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
    session.messageArrived()
    counters.messageReceived(now: owner.now)
  }

  /// A message of a response is handed over.
  func messageSent() { counters.messageSent(now: owner.now) }

  func credit(_ exchange: HTTPExchange, _ count: Int) {
    session.credit(exchange, count)
    owner.loop.flushAtEndOfTurn(self)
  }

  /// Ends an exchange in its middle.
  func abort(_ exchange: HTTPExchange, _ reason: HTTPExchange.AbortReason) {
    session.abort(exchange, reason)
    owner.loop.flushAtEndOfTurn(self)
  }

  func flushTurn() {
    owner.loop.assertCurrent()
    guard phase != .closed else { return }
    owner.now = owner.loop.now
    if phase == .draining, owner.isDraining { endOpenEndedCalls() }
    switch session {
    case .http2(let session): flush(session)
    case .http1(let session): flush(session)
    case .undetermined: flushTransport()
    // All is said.
    case .ended: break
    }
  }

  /// Sends what the transport itself has to say: a handshake, an alert.
  private func flushTransport() {
    do throws(SocketTransport.Failure) {
      if try transport.sendRest(now: owner.now) { lingerIfOver() }
    } catch {
      return fail(error)
    }
    watch()
  }

  /// Ends a connection that is not through its handshake, or whose client has not shown what it speaks: it has no calls
  /// to finish.
  func lingerIfOver() {
    if phase == .failing || phase == .draining { linger() }
  }

  private func flush(_ session: HTTP2ServerSession) {
    session.now = owner.now
    for call in writing { call.submit(to: session) }
    writing.clear()
    do throws(SocketTransport.Failure) {
      guard try transport.sendRest(now: owner.now) else { return watch() }
      guard transport.isOpen else {
        lingerIfOver()
        return watch()
      }
      try send(session)
    } catch {
      return fail(error)
    }
    drainEvents(session)
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

  func watch() {
    guard phase != .closed else { return }
    var interest: Readiness = transport.unsentCount > Self.outputCap || !wantsRead ? [] : .readable
    if transport.unsentCount > 0 { interest.insert(.writable) }
    do { try source?.setInterest(interest) } catch { close() }
  }
}
