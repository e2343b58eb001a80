/// A server's connection of HTTP/1.1 without its socket: bytes in, events out; responses in, bytes out. Its exchanges
/// are as those of `HTTP2Session`, one at a time: requests that a client sends before it has the response to an earlier
/// one wait, and no more is read meanwhile (`wantsRead`). Belongs to one thread. RFC 9112.
///
/// The session itself answers what it can't understand (`HTTP1Fault`), and then ends the connection.
///
/// After `receive` and `nextOutput`, `drainEvents` tells the handlers what came. Handlers never run inside `receive`.
public final class HTTP1Session {
  // Each `@exclusivity(unchecked)`: one thread reads and writes all of it, and no access calls back into another.
  unowned let delegate: any HTTPServerSessionDelegate
  let configuration: HTTP1Configuration
  let pool: HTTPExchangePool
  @exclusivity(unchecked) var parser: HTTP1Parser
  /// What was received and waits for the exchange before it.
  @exclusivity(unchecked) private var backlog: [UInt8] = []
  /// Bytes of `backlog` that were taken.
  @exclusivity(unchecked) private var backlogStart = 0
  /// The exchange that is being served; nil between two exchanges.
  @exclusivity(unchecked) public internal(set) var exchange: HTTPExchange?
  /// Exchanges that are over, and whose handlers were not told yet.
  @exclusivity(unchecked) var ended: [HTTPExchange] = []
  @exclusivity(unchecked) var framing = RequestFraming()
  @exclusivity(unchecked) var response = Response()
  @exclusivity(unchecked) var output = HandoverBuffer()
  /// Bytes of the request that its handler has not taken.
  @exclusivity(unchecked) var uncredited = 0
  /// What `droppable` begins with, once the response is whole.
  @exclusivity(unchecked) var droppableLimit = 0
  /// Bytes of an answered request that may still be read and dropped; nil while there is none.
  @exclusivity(unchecked) var droppable: Int?
  @exclusivity(unchecked) var budget: Int
  @exclusivity(unchecked) var unixTime: Int64?
  @exclusivity(unchecked) private var abuse: AbuseGuard
  @exclusivity(unchecked) private var now: UInt64
  @exclusivity(unchecked) private var latestID: Int32 = -1
  @exclusivity(unchecked) private var isInputEnded = false
  @exclusivity(unchecked) var isDraining = false

  /// When the header section began whose end has not come; nil if there is none. As all times here CLOCK_MONOTONIC in
  /// nanoseconds.
  @exclusivity(unchecked) public private(set) var headersSince: UInt64?
  @exclusivity(unchecked) private var lastEnd: UInt64
  /// Whether the connection is to be closed once all output is sent. Then nothing more is read.
  @exclusivity(unchecked) public internal(set) var isEnding = false
  /// The first line was not one of HTTP/1. The client would not understand an answer of this session, so the session
  /// sends none.
  public var isOtherProtocol: Bool { fault == .otherProtocol && latestID == -1 }
  /// What the client did that ended the connection.
  @exclusivity(unchecked) public private(set) var fault: HTTP1Fault?

  /// How far the response of the exchange is.
  struct Response {
    enum Phase { case awaited, body, done }
    var phase = Phase.awaited
    var framing = HTTP1Writer.Framing.none
    /// Bytes that are missing in a body of a known length.
    var left = 0
    /// Whether the connection ends with the response.
    var closes = false
    /// 100 (Continue) was sent, or the client did not wait for it.
    var hasContinued = false
  }

  /// - Parameters:
  ///   - delegate: makes the handlers. It is not kept alive.
  ///   - pool: exchanges to use again; share one among the sessions of a thread.
  ///   - now: CLOCK_MONOTONIC in nanoseconds.
  public init(
    configuration: HTTP1Configuration, delegate: any HTTPServerSessionDelegate,
    pool: HTTPExchangePool = HTTPExchangePool(), now: UInt64 = 0
  ) {
    self.configuration = configuration
    self.delegate = delegate
    self.pool = pool
    self.now = now
    lastEnd = now
    budget = configuration.responseWindow
    let limits = HTTP1Limits(requestLine: configuration.requestLine, headers: configuration.headerLimits)
    parser = HTTP1Parser(limits: limits, scheme: configuration.isSecure ? "https" : "http")
    abuse = AbuseGuard(
      streamWindow: configuration.requestWindow, connectionWindow: configuration.requestWindow, now: now)
  }

  deinit {
    // An exchange and its handler may refer to each other.
    exchange?.handler = nil
    for exchange in ended { exchange.handler = nil }
  }

  /// Whether bytes should be read: not while requests wait, nor while a handler is slower than its client.
  public var wantsRead: Bool {
    !isEnding && !isInputEnded && backlogStart == backlog.count && uncredited < configuration.requestWindow
  }

  /// Since when there is no exchange; nil if there is one.
  public var idleSince: UInt64? { exchange == nil && droppable == nil ? lastEnd : nil }

  /// Whether all of the current request has come: then the client has nothing more to send for now.
  public var isRequestWhole: Bool { exchange?.isRemoteClosed == true }

  // MARK: Bytes

  /// Takes bytes from the client.
  /// - Parameter now: CLOCK_MONOTONIC in nanoseconds; budgets against abuse refill by it.
  public func receive(_ bytes: UnsafeRawBufferPointer, now: UInt64 = 0) {
    self.now = now
    guard !isEnding else { return }
    guard backlogStart == backlog.count else {
      backlog.append(contentsOf: bytes)
      return parseBacklog()
    }
    var input = bytes
    parse(&input)
    if !isEnding, !input.isEmpty {
      backlog = Array(input)
      backlogStart = 0
    }
  }

  /// The client sends nothing more (FIN, close_notify). A client that waits for its response still gets it.
  /// - Returns: whether there is anything left to do for it.
  public func receiveEnd() -> Bool {
    isInputEnded = true
    if exchange == nil { isEnding = true }
    return isRequestWhole || !output.isEmpty
  }

  private func parseBacklog() {
    let start = backlogStart
    backlogStart += backlog.withUnsafeBytes { bytes in
      var input = UnsafeRawBufferPointer(rebasing: bytes[start...])
      let count = input.count
      parse(&input)
      return count - input.count
    }
    if backlogStart == backlog.count || isEnding {
      backlog = []
      backlogStart = 0
    }
  }

  /// Takes requests from the input, up to the end of one that must be answered first.
  private func parse(_ input: inout UnsafeRawBufferPointer) {
    do throws(HTTP1Fault) {
      while !isEnding, !isRequestWhole {
        switch try parser.next(&input) {
        case .needsMore:
          try chargeSmallChunks()
          headersSince = parser.isInsideHead ? headersSince ?? now : nil
          return
        case .head(let block, let framing): open(block, framing)
        case .body(let bytes): take(bytes)
        case .end(let trailers): requestEnded(trailers)
        }
      }
      try chargeSmallChunks()
    } catch {
      fail(error)
    }
  }

  private func chargeSmallChunks() throws(HTTP1Fault) {
    for _ in 0..<parser.takeSmallChunks() { abuse.smallDataFrame(now: now) }
    if abuse.verdict != nil { throw HTTP1Fault(429, "too many small chunks") }
  }

  private func open(_ block: HeaderBlock, _ framing: RequestFraming) {
    headersSince = nil
    latestID = latestID == .max ? 1 : latestID + 2
    let exchange = pool.take(id: latestID)
    exchange.head = block
    exchange.carriesTrailers = framing.takesTrailers
    self.framing = framing
    response = Response(hasContinued: !framing.expectsContinue)
    uncredited = 0
    self.exchange = exchange
    exchange.handler = delegate.makeHandler(for: exchange)
    exchange.events.insert(.head)
  }

  private func take(_ bytes: UnsafeRawBufferPointer) {
    guard let exchange else { return drop(bytes.count) }
    // A client that sends the body without being asked does not wait for 100 (Continue).
    response.hasContinued = true
    uncredited += bytes.count
    exchange.handler?.receiveBody(bytes)
    exchange.events.insert(.data)
  }

  /// Drops bytes of a request that is already answered.
  private func drop(_ count: Int) {
    let left = (droppable ?? 0) - count
    droppable = left
    if left < 0 { isEnding = true }
  }

  private func requestEnded(_ trailers: HeaderBlock?) {
    guard let exchange else {
      droppable = nil
      return releaseIdleMemory()
    }
    exchange.trailers = trailers
    exchange.isRemoteClosed = true
    exchange.events.insert(.end)
  }

  /// A message of a request is whole.
  public func messageArrived() { abuse.messageArrived() }

  // MARK: Events

  /// Tells the handlers what came for them, and goes on to the next request where one is over.
  public func drainEvents() {
    while true {
      tell()
      guard exchange == nil, !isEnding else { return }
      if backlogStart < backlog.count {
        parseBacklog()
        if exchange != nil || !ended.isEmpty { continue }
      }
      // Nobody is left to send the rest of a request, or another one.
      if isInputEnded, exchange == nil { isEnding = true }
      return
    }
  }

  private func tell() {
    while !ended.isEmpty {
      var told: [HTTPExchange] = []
      swap(&told, &ended)
      for index in told.indices {
        told[index].handler?.handle(told[index].events.union(.closed))
        told[index].handler = nil
        if isKnownUniquelyReferenced(&told[index]) { pool.giveBack(told[index]) }
      }
    }
    guard let exchange, !exchange.events.isEmpty else { return }
    let events = exchange.events
    exchange.events = []
    exchange.handler?.handle(events)
    // The handler may have ended the exchange.
    if !ended.isEmpty { tell() }
  }

  /// The connection is gone: tells the handler that its exchange is closed. Only the session's release may follow.
  public func end() {
    isEnding = true
    if let exchange { close(exchange, .cancel) }
    tell()
  }

  /// The exchange is over.
  func close(_ exchange: HTTPExchange, _ code: HTTP2ErrorCode) {
    exchange.isClosed = true
    exchange.closeCode = code
    ended.append(exchange)
    self.exchange = nil
    uncredited = 0
    lastEnd = now
  }

  /// Gives back memory between two requests.
  func releaseIdleMemory() {
    lastEnd = now
    if isDraining { isEnding = true }
    guard backlogStart == backlog.count else { return }
    parser.releaseMemory()
    output.releaseMemory()
  }

  // MARK: Ends

  /// Takes no further request than the one that is served; its response says so (`connection: close`).
  public func drain() {
    isDraining = true
    if exchange == nil, droppable == nil, parser.isBetweenRequests, backlogStart == backlog.count { isEnding = true }
  }

  /// The header section did not come in time.
  public func timeOut() { fail(.timeout) }

  /// Answers what can't be understood with the fault, unless a response has begun, and ends the connection.
  func fail(_ fault: HTTP1Fault) {
    guard !isEnding else { return }
    self.fault = fault
    isEnding = true
    let isAnswerable = exchange == nil || response.phase == .awaited
    if let exchange { close(exchange, .protocolError) }
    if isAnswerable, droppable == nil, !isOtherProtocol {
      HTTP1Writer.writeAnswer(fault.status, fault.reason, into: &output)
    }
  }
}
