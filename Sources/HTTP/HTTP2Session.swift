internal import CNGHTTP2

/// One end of an HTTP/2 connection without its socket: bytes in, events out; frames in, bytes out. nghttp2 does framing
/// and HPACK. This is what a server's and a client's session have in common. Belongs to one thread. RFC 9113.
///
/// After `receive` and `nextOutput`, `drainEvents` tells the handlers of the exchanges what came. Callbacks of nghttp2
/// never call back into the session.
public class HTTP2Session {
  // Each `@exclusivity(unchecked)`: one thread reads and writes all of it, and no access calls back into another. What
  // other modules use for each call is computed: the attribute does not reach beyond this module.
  final let session: OpaquePointer
  final let headerLimits: HeaderLimits
  final let pool: HTTPExchangePool
  /// The exchanges of the open streams, in no order.
  public final var exchanges: [HTTPExchange] { open }
  @exclusivity(unchecked) private final var open: [HTTPExchange] = []
  /// Exchanges with events that their handlers have not seen yet.
  @exclusivity(unchecked) private final var eventful: [HTTPExchange] = []
  /// The memory of a list that was walked, for the next one.
  @exclusivity(unchecked) private final var spare: [HTTPExchange] = []
  /// Body bytes received and not yet credited to the connection.
  @exclusivity(unchecked) final var uncredited = 0
  @exclusivity(unchecked) final var abuse: AbuseGuard
  /// Of the header section that is being received.
  @exclusivity(unchecked) final var fields = HeaderCollector()
  /// The exchange that a callback asked for last, if `exchanges` holds one of that id.
  @exclusivity(unchecked) final var latest: (id: Int32, exchange: Unmanaged<HTTPExchange>?) = (0, nil)
  /// CLOCK_MONOTONIC in nanoseconds, as the owner last told.
  public final var now: UInt64 {
    get { storedNow }
    set { storedNow = newValue }
  }
  @exclusivity(unchecked) private final var storedNow: UInt64

  init(
    _ session: OpaquePointer, _ headerLimits: HeaderLimits, streamWindow: Int32, connectionWindow: Int32,
    pool: HTTPExchangePool, now: UInt64
  ) {
    self.session = session
    self.headerLimits = headerLimits
    self.pool = pool
    storedNow = now
    abuse = AbuseGuard(streamWindow: Int(streamWindow), connectionWindow: Int(connectionWindow), now: now)
    nghttp2_session_set_user_data(session, Unmanaged.passUnretained(self).toOpaque())
    nghttp2_session_set_local_window_size(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, connectionWindow)
  }

  deinit {
    // An exchange and its handler may refer to each other.
    for exchange in open + eventful { exchange.handler = nil }
    nghttp2_session_del(session)
  }

  // MARK: Bytes

  /// Has nghttp2 take the first `count` bytes. What there is to say about a failure (GOAWAY) can still be sent.
  final func feed(_ bytes: UnsafeRawBufferPointer, _ count: Int) throws(HTTP2Error) {
    let result = nghttp2_session_mem_recv(session, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), count)
    if uncredited > 0 {
      nghttp2_session_consume_connection(session, uncredited)
      uncredited = 0
    }
    if result < 0 {
      let error = HTTP2Error(code: result)
      // nghttp2 itself says nothing in these cases.
      if error.isFlooded { enhanceYourCalm("too many frames at once") }
      if error.isBadPreface { sendGoAway(.protocolError, "the connection does not begin with HTTP/2's preface") }
      throw error
    }
  }

  /// - Throws: if the peer has spent a budget.
  final func checkAbuse() throws(HTTP2Error) {
    guard let reason = abuse.verdict else { return }
    enhanceYourCalm(reason)
    throw HTTP2Error(abuse: reason)
  }

  /// The next bytes for the peer, valid until the next call of the session; nil if there are none.
  public final func nextOutput() throws(HTTP2Error) -> UnsafeRawBufferPointer? {
    var data: UnsafePointer<UInt8>?
    let count = nghttp2_session_mem_send(session, &data)
    if count < 0 { throw HTTP2Error(code: count) }
    return count == 0 ? nil : UnsafeRawBufferPointer(start: data, count: count)
  }

  /// Bytes of bodies that the peer lets us send on the connection.
  public final var sendWindow: Int { Int(nghttp2_session_get_remote_window_size(session)) }
  /// Bytes of bodies that the peer may send on the connection.
  public final var receiveWindow: Int { Int(nghttp2_session_get_local_window_size(session)) }

  /// Something waits to be sent.
  public final var wantsWrite: Bool { nghttp2_session_want_write(session) != 0 }

  /// Both GOAWAY and the last exchange are done: the connection can be closed.
  public final var isOver: Bool {
    nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0
  }

  /// A message of a body is whole: however small its frames were, they carried something.
  public final func messageArrived() { abuse.messageArrived() }

  // MARK: Events

  final func note(_ exchange: HTTPExchange, _ event: HTTPExchange.Events) {
    if exchange.events.isEmpty { eventful.append(exchange) }
    exchange.events.insert(event)
  }

  /// Tells each handler what came for it, in the order in which the first of it came. Handlers may use the session.
  public final func drainEvents() {
    guard !eventful.isEmpty else { return }
    var told: [HTTPExchange] = []
    swap(&told, &spare)
    swap(&told, &eventful)
    for index in told.indices where tell(told[index]).contains(.closed) {
      if isKnownUniquelyReferenced(&told[index]) { pool.giveBack(told[index]) }
    }
    // Cheaper than `removeAll(keepingCapacity:)`, which destroys the few that there are through their metadata.
    while !told.isEmpty { told.removeLast() }
    swap(&told, &spare)
  }

  @inline(__always)
  private final func tell(_ exchange: HTTPExchange) -> HTTPExchange.Events {
    let events = exchange.events
    exchange.events = []
    exchange.handler?.handle(events)
    if events.contains(.closed) { exchange.handler = nil }
    return events
  }

  /// The connection is gone: tells every handler that its exchange is closed. Only the session's release may follow.
  public final func end() {
    // Streams that were closed since the last walk, by a RST_STREAM of ours perhaps that the peer never got, are in
    // `exchanges` no longer.
    let untold = eventful.filter { $0.isClosed } + open
    eventful = []
    open = []
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

  // MARK: Streams

  /// The list keeps the exchange as long as nghttp2 may name its stream.
  final func add(_ exchange: HTTPExchange) {
    exchange.index = open.count
    open.append(exchange)
  }

  final func remove(_ exchange: HTTPExchange, code: UInt32) {
    exchange.isClosed = true
    exchange.closeCode = HTTP2ErrorCode(rawValue: code)
    // Noted first: the list may hold the last reference.
    note(exchange, .closed)
    let last = open.count - 1
    if exchange.index != last {
      open[exchange.index] = open[last]
      open[exchange.index].index = exchange.index
    }
    open.removeLast()
    if open.isEmpty { fields.releaseMemory() }
  }
}
