internal import CNGHTTP2

/// What a client's session tells its server.
public struct HTTP2ClientConfiguration: Sendable {
  /// How large a header section of a response may be. Its size is announced as SETTINGS_MAX_HEADER_LIST_SIZE.
  public var headerLimits = HeaderLimits()
  /// SETTINGS_INITIAL_WINDOW_SIZE: bytes of a response that may be under way before its handler takes them.
  public var streamWindow: Int32 = 262_144
  /// Bytes of all responses that may be under way. Credited at once: a slow handler slows its own exchange only.
  public var connectionWindow: Int32 = 1_048_576

  /// The defaults that stand at the properties.
  public init() {}
}

// Each `@exclusivity(unchecked)`: one thread reads and writes all of it, and no access calls back into another.
/// An HTTP/2 client connection without its socket: bytes in, events out; frames in, bytes out. nghttp2 does framing and
/// HPACK. Belongs to one thread. RFC 9113.
///
/// After `receive` and `nextOutput`, `drainEvents` tells the handlers what came, and `takeNotices` the owner what the
/// server says of the whole connection. Callbacks never call back into the session.
public final class HTTP2ClientSession {
  let session: OpaquePointer
  let configuration: HTTP2ClientConfiguration
  let pool: HTTPExchangePool
  /// The exchanges of the open streams, in no order.
  @exclusivity(unchecked) public private(set) var exchanges: [HTTPExchange] = []
  /// Exchanges with events that their handlers have not seen yet.
  @exclusivity(unchecked) private var eventful: [HTTPExchange] = []
  /// Bytes of responses received and not yet credited to the connection.
  @exclusivity(unchecked) var uncredited = 0
  /// Of the header section that is being received.
  @exclusivity(unchecked) var fields = HeaderCollector()
  @exclusivity(unchecked) private var notices: HTTP2Notices = []
  /// We have sent GOAWAY.
  var isShutDown = false
  /// The server's last GOAWAY; nil if there was none.
  public private(set) var goAway: GoAway?

  /// Makes a session and queues its preface.
  /// - Parameter pool: exchanges to use again; share one among the sessions of a thread.
  public init(
    configuration: HTTP2ClientConfiguration = HTTP2ClientConfiguration(), pool: HTTPExchangePool = HTTPExchangePool()
  ) throws(HTTP2Error) {
    self.configuration = configuration
    self.pool = pool
    var session: OpaquePointer?
    let callbacks = ClientCallbacks.shared
    let code = nghttp2_session_client_new2(&session, callbacks.pointer, nil, callbacks.options)
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
      nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: UInt32(configuration.streamWindow)),
      nghttp2_settings_entry(
        settings_id: Int32(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE.rawValue),
        value: UInt32(clamping: configuration.headerLimits.listSize)),
    ]
    nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), settings, settings.count)
    nghttp2_session_set_local_window_size(
      session, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, configuration.connectionWindow)
  }

  // MARK: Bytes

  /// Takes bytes from the server.
  /// - Throws: when the connection can't go on. What there is to say about it (GOAWAY) can still be sent.
  public func receive(_ bytes: UnsafeRawBufferPointer) throws(HTTP2Error) {
    let result = nghttp2_session_mem_recv(
      session, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count)
    if uncredited > 0 {
      nghttp2_session_consume_connection(session, uncredited)
      uncredited = 0
    }
    if result < 0 { throw HTTP2Error(code: result) }
  }

  /// The next bytes for the server, valid until the next call of the session; nil if there are none.
  public func nextOutput() throws(HTTP2Error) -> UnsafeRawBufferPointer? {
    var data: UnsafePointer<UInt8>?
    let count = nghttp2_session_mem_send(session, &data)
    if count < 0 { throw HTTP2Error(code: count) }
    return count == 0 ? nil : UnsafeRawBufferPointer(start: data, count: count)
  }

  /// Something waits to be sent.
  public var wantsWrite: Bool { nghttp2_session_want_write(session) != 0 }

  /// Both GOAWAY and the last exchange are done: the connection can be closed.
  public var isOver: Bool {
    nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0
  }

  // MARK: Events

  /// Tells each handler what came for it, in the order in which the first of it came. Handlers may send requests.
  public func drainEvents() {
    var told: [HTTPExchange] = []
    swap(&told, &eventful)
    for index in told.indices {
      let events = told[index].events
      told[index].events = []
      told[index].handler?.handle(events)
      guard events.contains(.closed) else { continue }
      told[index].handler = nil
      if isKnownUniquelyReferenced(&told[index]) { pool.giveBack(told[index]) }
    }
  }

  /// What the server said of the whole connection since the last call.
  public func takeNotices() -> HTTP2Notices {
    defer { notices = [] }
    return notices
  }

  /// The connection is gone: tells every handler that its exchange is closed. Only the session's release may follow.
  public func end() {
    let untold = eventful.filter { $0.isClosed } + exchanges
    eventful = []
    exchanges = []
    for exchange in untold {
      if !exchange.isClosed {
        exchange.isClosed = true
        exchange.closeCode = .cancel
      }
      exchange.handler?.handle(.closed)
      exchange.handler = nil
    }
  }

  // MARK: For the callbacks

  func note(_ exchange: HTTPExchange, _ event: HTTPExchange.Events) {
    if exchange.events.isEmpty { eventful.append(exchange) }
    exchange.events.insert(event)
  }

  func note(_ notice: HTTP2Notices) { notices.insert(notice) }

  func note(_ goAway: GoAway) {
    self.goAway = goAway
    notices.insert(.goAway)
  }

  /// The list keeps the exchange as long as nghttp2 may name its stream.
  func keep(_ exchange: HTTPExchange) {
    exchange.index = exchanges.count
    exchanges.append(exchange)
  }

  func close(_ exchange: HTTPExchange, code: UInt32) {
    exchange.isClosed = true
    exchange.closeCode = HTTP2ErrorCode(rawValue: code)
    // Noted first: the list may hold the last reference.
    note(exchange, .closed)
    let last = exchanges.count - 1
    if exchange.index != last {
      exchanges[exchange.index] = exchanges[last]
      exchanges[exchange.index].index = exchange.index
    }
    exchanges.removeLast()
    if exchanges.isEmpty { fields.rest() }
  }
}
