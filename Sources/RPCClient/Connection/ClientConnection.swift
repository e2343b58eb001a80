internal import EventLoop
internal import HTTP
internal import Primitives
internal import RPCCore
internal import Transport

/// One connection to a server: its transport and its HTTP/2 session. Belongs to its loop's thread.
// @unchecked Sendable: for closures that run on that thread. Each `@exclusivity(unchecked)`: one thread reads and
// writes all of it, and no access calls back into another.
final class ClientConnection: ReadinessHandler, TurnFlushable, @unchecked Sendable {
  enum Phase {
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
  static let readsPerTurn = 4

  let subchannel: LoopSubchannel
  let peer: String
  let channel: LoopChannel
  let shared: ClientLoop
  let loop: EventLoop
  let transport: SocketTransport
  var session: HTTP2ClientSession?
  var source: IOSource?
  var phase = Phase.opening
  var wasReady = false
  @exclusivity(unchecked) var isFlushScheduled = false
  /// Calls with something to send.
  @exclusivity(unchecked) var writing: [OutgoingCall] = []
  /// Calls of which nothing has left this process yet.
  @exclusivity(unchecked) var unsent: [OutgoingCall] = []
  var timer: LoopTimer?
  var keepAlive: KeepAlive
  var lastReceived: UInt64
  // For diagnostics.
  let diagnosticID = DiagnosticID.next()
  let counters = SocketCounters()
  /// Why the connection was lost; nil while it is there.
  var loss: String?

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
    counters.session = session
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
    channel.callBegan(call, on: subchannel)
    unsent.append(call)
    counters.values.streamStarted(now: loop.now)
    subchannel.counts.callStarted(now: loop.now)
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

  func abort(_ exchange: HTTPExchange) {
    session?.abort(exchange, .cancelled)
    loop.flushAtEndOfTurn(self)
  }

  /// The stream of a call is closed: there may be room for a waiting call, or it was the last call.
  /// - Parameter isWhole: the server has ended its response.
  func callClosed(isWhole: Bool) {
    counters.values.streamEnded(isWhole)
    subchannel.counts.callEnded(isSuccess: isWhole)
    channel.lookAtWaiting()
    if isDraining { loop.flushAtEndOfTurn(self) }
  }
}
