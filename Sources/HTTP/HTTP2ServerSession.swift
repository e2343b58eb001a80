internal import CNGHTTP2

/// Makes the handlers of a session's exchanges.
public protocol HTTPServerSessionDelegate: AnyObject {
  /// A request has begun. It runs inside the session's `receive`, for HTTP/2 in a callback of nghttp2: make the
  /// handler, and do nothing else.
  func makeHandler(for exchange: HTTPExchange) -> any HTTPExchangeHandler
}

/// The server's end of an HTTP/2 connection: requests come, responses go. Belongs to one thread.
public final class HTTP2ServerSession: HTTP2Session {
  // Each `@exclusivity(unchecked)`: one thread reads and writes all of it, and no access calls back into another.
  unowned let delegate: any HTTPServerSessionDelegate
  @exclusivity(unchecked) var frames = FrameInspector()
  @exclusivity(unchecked) var fieldCheck: RequestFieldCheck
  private var pings: PingGuard?
  @exclusivity(unchecked) var progress: Progress
  /// Whether HEADERS or DATA were sent since the last PING came.
  @exclusivity(unchecked) var hasAnswered = false
  /// How many exchanges are answered while their requests go on.
  @exclusivity(unchecked) var answeredCount = 0
  /// No new streams are taken, and those that were answered early are not waited for.
  @exclusivity(unchecked) var isRefusing = false
  /// An answer to our last PING came.
  public internal(set) var isPingAnswered = false
  /// A PING is to follow the GOAWAY that is about to be sent.
  var isPingDue = false

  /// Makes a session and queues its SETTINGS.
  /// - Parameters:
  ///   - pool: exchanges to use again; share one among the sessions of a thread.
  ///   - now: CLOCK_MONOTONIC in nanoseconds.
  public init(
    configuration: HTTP2ServerConfiguration, delegate: any HTTPServerSessionDelegate,
    pool: HTTPExchangePool = HTTPExchangePool(), now: UInt64 = 0
  ) throws(HTTP2Error) {
    self.delegate = delegate
    pings = configuration.pings.map(PingGuard.init)
    progress = Progress(now: now)
    fieldCheck = RequestFieldCheck(takesAnyAuthority: configuration.takesAnyAuthority)
    var session: OpaquePointer?
    let callbacks = SessionCallbacks.server
    let code = nghttp2_session_server_new2(&session, callbacks.pointer, nil, callbacks.options)
    guard code == 0, let session else { throw HTTP2Error(code: Int(code)) }
    super.init(
      session, configuration.headerLimits, streamWindow: configuration.streamWindow,
      connectionWindow: configuration.connectionWindow, pool: pool, now: now)
    submitSettings(configuration)
  }

  private func submitSettings(_ configuration: HTTP2ServerConfiguration) {
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
  }

  /// Takes bytes from the client.
  /// - Parameter now: CLOCK_MONOTONIC in nanoseconds; budgets against abuse refill by it.
  /// - Throws: when the connection can't go on. What there is to say about it (GOAWAY) can still be sent.
  public func receive(_ bytes: UnsafeRawBufferPointer, now: UInt64 = 0) throws(HTTP2Error) {
    self.now = now
    let count = frames.inspect(bytes, &abuse, now: now) { [session] in
      nghttp2_session_get_stream_user_data(session, $0) != nil
    }
    try feed(bytes, count)
    if let (code, reason) = frames.violation {
      sendGoAway(code, reason)
      throw HTTP2Error(violation: reason)
    }
    try checkAbuse()
  }

  /// The client sent a PING.
  func pingReceived() {
    guard pings != nil else { return }
    if pings?.ping(now: now, hasCalls: !exchanges.isEmpty, hasAnswered: hasAnswered) == false {
      abuse.condemn(PingGuard.verdict)
    }
    hasAnswered = false
  }

  // MARK: Streams

  func open(_ id: Int32) {
    let exchange = pool.take(id: id)
    exchange.handler = delegate.makeHandler(for: exchange)
    add(exchange)
    nghttp2_session_set_stream_user_data(session, id, Unmanaged.passUnretained(exchange).toOpaque())
    latest = (id, Unmanaged.passUnretained(exchange))
  }

  func close(_ exchange: HTTPExchange, code: UInt32) {
    if exchange.answeredAt != nil { answeredCount -= 1 }
    // A client may cancel what is answered.
    if code == 0 || exchange.answeredAt != nil { abuse.streamCompleted() }
    if progress.headersStream == exchange.id { progress.headersStream = 0 }
    remove(exchange, code: code)
    if exchanges.isEmpty { progress.idleSince = now }
  }
}
