internal import EventLoop
internal import HTTP
internal import Primitives
internal import RPCCore
internal import Transport

/// One connection to a server: its transport and its HTTP/2 session. Belongs to its loop's thread.
// @unchecked Sendable: for closures that run on that thread. Each `@exclusivity(unchecked)`: one thread reads and
// writes all of it, and no access calls back into another.
final class ClientConnection: ReadinessHandler, TurnFlushable, @unchecked Sendable {
  private enum Phase {
    /// TLS and the server's SETTINGS are awaited.
    case opening
    case open
    /// No further calls; those that run are finished.
    case draining
    /// HTTP/2 or TLS is broken: what there is to say leaves with the turn's flush.
    case failing(String)
    case closed
  }

  /// Reads a turn before other connections get theirs.
  private static let readsPerTurn = 4

  let subchannel: LoopSubchannel
  let peer: String
  let channel: LoopChannel
  private let shared: ClientLoop
  let loop: EventLoop
  private let transport: SocketTransport
  private(set) var session: HTTP2ClientSession?
  private var source: IOSource?
  private var phase = Phase.opening
  private var wasReady = false
  @exclusivity(unchecked) var isFlushScheduled = false
  /// Calls with something to send.
  @exclusivity(unchecked) private var writing: [OutgoingCall] = []
  /// Calls of which nothing has left this process yet.
  @exclusivity(unchecked) private var unsent: [OutgoingCall] = []
  var timer: LoopTimer?
  var keepAlive: KeepAlive
  private(set) var lastReceived: UInt64
  /// Why the connection was lost; nil while it is there.
  private(set) var loss: String?

  init(_ transport: SocketTransport, of subchannel: LoopSubchannel) throws(HTTP2Error) {
    self.transport = transport
    self.subchannel = subchannel
    channel = subchannel.channel
    shared = channel.shared
    loop = channel.loop
    peer = subchannel.address.description
    lastReceived = loop.now
    let policy = channel.core.configuration.keepAlive
    keepAlive = KeepAlive(
      interval: channel.keepAliveInterval?.clampedNanoseconds, timeout: policy.timeout.clampedNanoseconds)
    session = try HTTP2ClientSession(
      configuration: channel.core.configuration.http2, pool: shared.exchanges, now: loop.now)
  }

  func start() {
    do throws(EventLoopError) {
      source = try loop.register(transport.descriptor, .readable, self)
    } catch {
      return close("\(error)")
    }
    do throws(SocketTransport.Failure) {
      try transport.start(now: loop.now)
    } catch {
      return broken(error)
    }
    startTimer(after: channel.core.configuration.connectTimeout) { [unowned self] in
      fail(
        "the server did not answer in time: \(transport.isOpen ? "no SETTINGS came" : "the TLS handshake did not finish")"
      )
    }
    loop.flushAtEndOfTurn(self)
  }

  // MARK: Calls

  var callCount: Int { session?.exchanges.count ?? 0 }

  /// Whether the server takes one more call here.
  var hasRoom: Bool {
    guard case .open = phase, let session else { return false }
    return session.exchanges.count < session.maximumExchanges && session.takesRequests
  }

  var isDraining: Bool { if case .draining = phase { true } else { false } }

  func start(_ call: OutgoingCall) {
    guard let session, let head = call.begin(on: self) else { return }
    do throws(HTTP2Error) {
      call.exchange = try session.request(head, body: .unknown, handler: call)
    } catch {
      // The stream identifiers are used up.
      drain()
      return call.lost(.unsent, RPCError(.unavailable, "the connection to \(peer) takes no calls: \(error)"))
    }
    unsent.append(call)
    loop.flushAtEndOfTurn(self)
  }

  /// Asks the call at the end of the turn what it has to send.
  func scheduleWrite(_ call: OutgoingCall) {
    writing.append(call)
    loop.flushAtEndOfTurn(self)
  }

  func credit(_ exchange: HTTPExchange, _ count: Int) {
    session?.credit(exchange, count)
    loop.flushAtEndOfTurn(self)
  }

  /// A message of a response is whole.
  func messageArrived() { session?.messageArrived() }

  func abort(_ exchange: HTTPExchange) {
    session?.abort(exchange, .cancelled)
    loop.flushAtEndOfTurn(self)
  }

  /// The stream of a call is closed: there may be room for a waiting call, or it was the last call.
  func callClosed() {
    channel.lookAtWaiting()
    if isDraining { loop.flushAtEndOfTurn(self) }
  }

  // MARK: Reading

  func ready(_ readiness: Readiness) {
    loop.assertCurrent()
    if !readiness.isDisjoint(with: [.readable, .hangup, .error]) { read() }
    if readiness.contains(.writable) { loop.flushAtEndOfTurn(self) }
  }

  private func read() {
    do throws(SocketTransport.Failure) {
      for _ in 0..<Self.readsPerTurn {
        if case .closed = phase { return }
        guard let count = try transport.read(into: shared.readBuffer) else { return }
        guard count > 0 else { return close("the server closed the connection") }
        try take(UnsafeRawBufferPointer(rebasing: shared.readBuffer[..<count]))
        if transport.isEnded { return close("the server ended TLS") }
        if count < shared.readBuffer.count { return }
      }
    } catch {
      broken(error)
    }
  }

  private func take(_ bytes: UnsafeRawBufferPointer) throws(SocketTransport.Failure) {
    lastReceived = loop.now
    // TLS may have records of its own to send, whether or not there is plaintext.
    defer { loop.flushAtEndOfTurn(self) }
    try transport.decipher(bytes, through: shared.plainBuffer, now: loop.now) { receive($0) }
  }

  private func receive(_ bytes: UnsafeRawBufferPointer) {
    guard let session, loss == nil else { return }
    if case .failing = phase { return }
    do throws(HTTP2Error) {
      try session.receive(bytes, now: loop.now)
      session.drainEvents()
      heed(session.takeNotices(), session)
    } catch {
      session.drainEvents()
      fail("the server violated HTTP/2: \(error)")
    }
  }

  private func heed(_ notices: HTTP2Notices, _ session: HTTP2ClientSession) {
    if notices.contains(.settings) {
      if case .opening = phase { becomeReady() }
      channel.lookAtWaiting()
    }
    guard notices.contains(.goAway), let goAway = session.goAway else { return }
    if goAway.code == .enhanceYourCalm, goAway.reason == "too_many_pings", let interval = channel.keepAliveInterval {
      channel.keepAliveInterval = min(interval * 2, .seconds(7200))
    }
    stopTaking()
  }

  private func becomeReady() {
    phase = .open
    wasReady = true
    timer?.cancel()
    timer = nil
    subchannel.connectionBecameReady(self)
    if channel.keepAliveInterval != nil { checkKeepAlive() }
  }

  /// No further calls are taken here.
  private func stopTaking() {
    switch phase {
    case .opening, .open:
      phase = .draining
      subchannel.connectionStartedDraining(self)
      loop.flushAtEndOfTurn(self)
    case .draining, .failing, .closed: break
    }
  }

  // MARK: Writing

  func flushTurn() {
    loop.assertCurrent()
    if case .closed = phase { return }
    guard let session else { return }
    session.now = loop.now
    for call in writing { call.submit(to: session) }
    writing.clear()
    do throws(SocketTransport.Failure) {
      guard try transport.sendRest(now: loop.now) else { return watch() }
      if transport.isOpen { try send(session) }
    } catch {
      return broken(error)
    }
    session.drainEvents()
    watch()
    finishIfDone(session)
  }

  private func send(_ session: HTTP2ClientSession) throws(SocketTransport.Failure) {
    var isMore = true
    while isMore, transport.unsentCount == 0 {
      isMore = false
      shared.gather.removeAll()
      do throws(HTTP2Error) {
        while let bytes = try session.nextOutput() {
          shared.gather.append(bytes)
          if shared.gather.isFull {
            isMore = true
            break
          }
        }
      } catch {
        return close("out of memory for HTTP/2: \(error)")
      }
      guard shared.gather.count > 0 else { break }
      try transport.send(shared.gather.bytes, now: loop.now)
    }
    for call in unsent { call.hasLeft = true }
    unsent.removeAll(keepingCapacity: true)
  }

  private func watch() {
    if case .closed = phase { return }
    do throws(EventLoopError) {
      try source?.setInterest(transport.unsentCount > 0 ? [.readable, .writable] : .readable)
    } catch {
      close("\(error)")
    }
  }

  // MARK: Ending

  /// Takes no further calls, and ends with those that it has.
  func drain() {
    switch phase {
    case .opening: close("it is no longer needed")
    case .open:
      stopTaking()
      session?.shutDown()
    case .draining, .failing, .closed: break
    }
  }

  private func finishIfDone(_ session: HTTP2ClientSession) {
    guard transport.unsentCount == 0 else { return }
    switch phase {
    case .failing(let reason): close(reason)
    case .draining where session.exchanges.isEmpty && !session.wantsWrite: close("all its calls have ended")
    case .opening, .open, .draining:
      if session.isOver { close("the server ended the connection") }
    case .closed: break
    }
  }

  /// After a TLS failure the server is told why; after a socket failure it can't be told.
  private func broken(_ failure: SocketTransport.Failure) {
    switch failure {
    case .socket: close("the socket failed")
    case .tls(let error): fail("\(error)")
    }
  }

  /// Sends what tells the server about a fault (GOAWAY or an alert), and ends the connection.
  private func fail(_ reason: String) {
    switch phase {
    case .failing, .closed: return
    case .opening, .open, .draining: break
    }
    stopTaking()
    phase = .failing(reason)
    // Don't wait longer for a server that reads nothing.
    startTimer(after: .seconds(1)) { [unowned self] in close(reason) }
    loop.flushAtEndOfTurn(self)
  }

  func close(_ why: String) {
    // The reason of the failure says more than how the connection ended.
    let reason: String
    switch phase {
    case .closed: return
    case .failing(let cause): reason = cause
    case .opening, .open, .draining: reason = why
    }
    phase = .closed
    loss = reason
    timer?.cancel()
    timer = nil
    // Tell the channel first, so that it does not give calls that are sent again to this connection.
    subchannel.connectionClosed(self, wasReady: wasReady, reason)
    writing = []
    unsent = []
    let session = session.take()
    session?.end()
    source?.cancel()
    source = nil
    transport.end()
    transport.close()
  }
}
