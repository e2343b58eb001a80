internal import CNGHTTP2

/// What a session is told to hold its peer to.
public struct HTTP2Configuration: Sendable {
  /// SETTINGS_MAX_CONCURRENT_STREAMS.
  public var maximumConcurrentStreams: UInt32 = 256
  /// How large a header section may be. Its size is announced as SETTINGS_MAX_HEADER_LIST_SIZE.
  public var headerLimits = HeaderLimits()
  /// SETTINGS_INITIAL_WINDOW_SIZE: bytes of a request that may be under way before the handler takes them.
  public var streamWindow: Int32 = 262_144
  /// Bytes of all requests of a connection that may be under way. Credited at once: a slow handler must slow its own
  /// stream only.
  public var connectionWindow: Int32 = 1_048_576
  /// How often the peer may send PING, beside what `AbuseGuard` lets pass; nil: as often as that.
  public var pings: PingPolicy?
  /// Takes a `:authority` that can't be a host, such as the path of the Unix socket on which the request came.
  public var takesAnyAuthority = false

  /// The defaults that stand at the properties.
  public init() {}
}

/// Makes the handlers of a session's exchanges.
public protocol HTTP2SessionDelegate: AnyObject {
  /// A stream was opened. It runs in a callback of nghttp2: make the handler, and do nothing else.
  func makeHandler(for exchange: HTTPExchange) -> any HTTPExchangeHandler
}

/// An HTTP/2 server connection without its socket: bytes in, events out; frames in, bytes out. nghttp2 does framing and
/// HPACK. Belongs to one thread. RFC 9113.
///
/// After `receive` and `nextOutput`, `drainEvents` tells the handlers what came. Callbacks never call back into the
/// session.
public final class HTTP2Session {
  // Each `@exclusivity(unchecked)`: one thread reads and writes all of it, and no access calls back into another.
  let session: OpaquePointer
  unowned let delegate: any HTTP2SessionDelegate
  let configuration: HTTP2Configuration
  /// The exchanges of the open streams, in no order.
  @exclusivity(unchecked) public internal(set) var exchanges: [HTTPExchange] = []
  private let pool: HTTPExchangePool
  /// Exchanges with events that their handlers have not seen yet.
  @exclusivity(unchecked) private var eventful: [HTTPExchange] = []
  /// The memory of a list that was walked, for the next one.
  @exclusivity(unchecked) private var spare: [HTTPExchange] = []
  /// Request bytes received and not yet credited to the connection.
  @exclusivity(unchecked) var uncredited = 0
  @exclusivity(unchecked) var abuse: AbuseGuard
  @exclusivity(unchecked) var frames = FrameInspector()
  /// Of the header section that is being received.
  @exclusivity(unchecked) var fields = HeaderCollector()
  @exclusivity(unchecked) var fieldCheck = RequestFieldCheck()
  /// The exchange that a callback asked for last, if `exchanges` holds one of that id.
  @exclusivity(unchecked) var latest: (id: Int32, exchange: Unmanaged<HTTPExchange>?) = (0, nil)
  private var pings: PingGuard?
  /// CLOCK_MONOTONIC in nanoseconds, as the owner last told.
  public var now: UInt64 {
    get { storedNow }
    set { storedNow = newValue }
  }
  // `now` is computed, so that other modules set it without a check: `@exclusivity` does not reach beyond this module.
  @exclusivity(unchecked) private var storedNow: UInt64
  @exclusivity(unchecked) var progress: Progress
  /// HEADERS or DATA were sent since the last PING came.
  @exclusivity(unchecked) var hasSpoken = false
  /// How many exchanges are answered while their requests go on.
  @exclusivity(unchecked) var answeredCount = 0
  /// No new streams are taken, and those that were answered early are not waited for.
  @exclusivity(unchecked) var isLeaving = false
  /// An answer to our last PING came.
  public internal(set) var isPingAnswered = false
  /// A PING is to follow the GOAWAY that is about to be sent.
  var isPingDue = false

  /// Makes a session and queues its SETTINGS.
  /// - Parameters:
  ///   - pool: exchanges to use again; share one among the sessions of a thread.
  ///   - now: CLOCK_MONOTONIC in nanoseconds.
  public init(
    configuration: HTTP2Configuration, delegate: any HTTP2SessionDelegate, pool: HTTPExchangePool = HTTPExchangePool(),
    now: UInt64 = 0
  ) throws(HTTP2Error) {
    self.configuration = configuration
    self.pool = pool
    storedNow = now
    abuse = AbuseGuard(
      streamWindow: Int(configuration.streamWindow), connectionWindow: Int(configuration.connectionWindow), now: now)
    pings = configuration.pings.map(PingGuard.init)
    progress = Progress(now: now)
    self.delegate = delegate
    var session: OpaquePointer?
    let callbacks = configuration.takesAnyAuthority ? Callbacks.anyAuthority : Callbacks.usual
    let code = nghttp2_session_server_new2(&session, callbacks.pointer, nil, callbacks.options)
    guard code == 0, let session else { throw HTTP2Error(code: Int(code)) }
    self.session = session
    nghttp2_session_set_user_data(session, Unmanaged.passUnretained(self).toOpaque())
    submitSettings()
  }

  deinit {
    // An exchange and its handler may refer to each other.
    for exchange in exchanges + eventful { exchange.handler = nil }
    nghttp2_session_del(session)
  }

  private func submitSettings() {
    let settings = [
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS.rawValue),
        value: configuration.maximumConcurrentStreams),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: UInt32(configuration.streamWindow)),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue),
        value: UInt32(clamping: configuration.headerLimits.listSize)),
      // RFC 9218, section 2.1: the old priority tree is not kept.
      nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES.rawValue), value: 1),
    ]
    nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), settings, settings.count)
    nghttp2_session_set_local_window_size(
      session, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, configuration.connectionWindow)
  }

  // MARK: Bytes

  /// Takes bytes from the peer.
  /// - Parameter now: CLOCK_MONOTONIC in nanoseconds; budgets against abuse refill by it.
  /// - Throws: when the connection can't go on. What there is to say about it (GOAWAY) can still be sent.
  public func receive(_ bytes: UnsafeRawBufferPointer, now: UInt64 = 0) throws(HTTP2Error) {
    self.now = now
    let count = frames.inspect(bytes, &abuse, now: now) { [session] in
      nghttp2_session_get_stream_user_data(session, $0) != nil
    }
    let result = nghttp2_session_mem_recv(session, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), count)
    if uncredited > 0 {
      nghttp2_session_consume_connection(session, uncredited)
      uncredited = 0
    }
    if result < 0 {
      let error = HTTP2Error(code: result)
      // nghttp2 itself says nothing then.
      if error.isFlooded { calmDown("too many frames at once") }
      throw error
    }
    if let (code, reason) = frames.violation {
      giveUp(code, reason)
      throw HTTP2Error(violation: reason)
    }
    if let reason = abuse.verdict {
      calmDown(reason)
      throw HTTP2Error(abuse: reason)
    }
  }

  /// The peer asks whether we are there.
  func pingReceived() {
    guard pings != nil else { return }
    if pings?.ping(now: now, hasCalls: !exchanges.isEmpty, hasSpoken: hasSpoken) == false {
      abuse.condemn(PingGuard.verdict)
    }
    hasSpoken = false
  }

  /// A message of a request is whole.
  public func messageArrived() { abuse.messageArrived() }

  /// The next bytes for the peer, valid until the next call of the session; nil if there are none.
  public func nextOutput() throws(HTTP2Error) -> UnsafeRawBufferPointer? {
    var data: UnsafePointer<UInt8>?
    let count = nghttp2_session_mem_send(session, &data)
    if count < 0 { throw HTTP2Error(code: count) }
    return count == 0 ? nil : UnsafeRawBufferPointer(start: data, count: count)
  }

  /// Bytes of bodies that the peer lets us send on the connection.
  public var sendWindow: Int { Int(nghttp2_session_get_remote_window_size(session)) }
  /// Bytes of bodies that the peer may send on the connection.
  public var receiveWindow: Int { Int(nghttp2_session_get_local_window_size(session)) }

  /// Something waits to be sent.
  public var wantsWrite: Bool { nghttp2_session_want_write(session) != 0 }

  /// Both GOAWAY and the last stream are done: the connection can be closed.
  public var isOver: Bool {
    nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0
  }

  // MARK: Events

  /// Tells each handler what came for it, in the order in which the first of it came.
  public func drainEvents() {
    guard !eventful.isEmpty else { return }
    var told: [HTTPExchange] = []
    swap(&told, &spare)
    swap(&told, &eventful)
    for index in told.indices {
      let events = told[index].events
      told[index].events = []
      told[index].handler?.handle(events)
      guard events.contains(.closed) else { continue }
      told[index].handler = nil
      if isKnownUniquelyReferenced(&told[index]) { pool.giveBack(told[index]) }
    }
    told.removeAll(keepingCapacity: true)
    swap(&told, &spare)
  }

  /// The connection is gone: tells every handler that its exchange is closed. Only the session's release may follow.
  public func end() {
    // Streams that were closed since the last walk, by a RST_STREAM of ours perhaps that the peer never got, are in
    // `exchanges` no longer.
    let untold = eventful.filter { $0.isClosed } + exchanges
    eventful = []
    exchanges = []
    latest = (0, nil)
    for exchange in untold {
      if !exchange.isClosed {
        exchange.isClosed = true
        exchange.closeCode = .cancel
      }
      exchange.handler?.handle(.closed)
      exchange.handler = nil
    }
  }

  func note(_ exchange: HTTPExchange, _ event: HTTPExchange.Events) {
    if exchange.events.isEmpty { eventful.append(exchange) }
    exchange.events.insert(event)
  }

  // MARK: Streams

  func open(_ id: Int32) {
    let exchange = pool.take(id: id)
    exchange.handler = delegate.makeHandler(for: exchange)
    exchange.index = exchanges.count
    exchanges.append(exchange)
    // The list keeps the exchange as long as nghttp2 may name its stream.
    nghttp2_session_set_stream_user_data(session, id, Unmanaged.passUnretained(exchange).toOpaque())
    latest = (id, Unmanaged.passUnretained(exchange))
  }

  func close(_ exchange: HTTPExchange, code: UInt32) {
    exchange.isClosed = true
    exchange.closeCode = HTTP2ErrorCode(rawValue: code)
    if exchange.answeredAt != nil { answeredCount -= 1 }
    // A client may cancel what is answered.
    if code == 0 || exchange.answeredAt != nil { abuse.streamCompleted() }
    // Noted first: the list may hold the last reference.
    note(exchange, .closed)
    let last = exchanges.count - 1
    if exchange.index != last {
      exchanges[exchange.index] = exchanges[last]
      exchanges[exchange.index].index = exchange.index
    }
    exchanges.removeLast()
    if progress.headersStream == exchange.id { progress.headersStream = 0 }
    if exchanges.isEmpty {
      progress.idleSince = now
      fields.rest()
    }
  }
}
