import HTTP
import TestPeer

/// A server session without a socket: frames in, frames out, and what the handlers of its exchanges were told.
final class SessionBench: HTTPServerSessionDelegate {
  private(set) var session: HTTP2ServerSession!
  private var reader = FrameReader()
  /// The handlers of all streams that there ever were, by id.
  private(set) var streams: [Int32: RecordingHandler] = [:]

  init(_ configure: (inout HTTP2ServerConfiguration) -> Void = { _ in }) throws {
    var configuration = HTTP2ServerConfiguration()
    configure(&configuration)
    session = try HTTP2ServerSession(configuration: configuration, delegate: self)
  }

  /// A session whose handshake is done, its output read.
  static func started(_ configure: (inout HTTP2ServerConfiguration) -> Void = { _ in }) throws -> SessionBench {
    let bench = try SessionBench(configure)
    try bench.feed(Frame.preface + Frame.settings().bytes + Frame.settingsAck.bytes)
    _ = try bench.output()
    return bench
  }

  func makeHandler(for exchange: HTTPExchange) -> any HTTPExchangeHandler {
    let handler = RecordingHandler(exchange)
    streams[exchange.id] = handler
    return handler
  }

  func feed(_ bytes: [UInt8], now: UInt64 = 0) throws {
    defer { noteEvents() }
    try bytes.withUnsafeBytes { try session.receive($0, now: now) }
  }

  func feed(_ frames: Frame...) throws { try feed(frames.flatMap(\.bytes)) }

  /// Feeds frames and returns the answer.
  func answer(_ frames: Frame...) throws -> [Frame] { try answer(frames) }

  func answer(_ frames: [Frame]) throws -> [Frame] {
    try feed(frames.flatMap(\.bytes))
    return try output()
  }

  /// All that the session wants to send.
  func output() throws -> [Frame] {
    while let bytes = try session.nextOutput() { reader.append(bytes) }
    noteEvents()
    var frames: [Frame] = []
    while let frame = try reader.next() { frames.append(frame) }
    return frames
  }

  func stream(_ id: Int32) -> RecordingHandler { streams[id] ?? RecordingHandler(nil) }

  private func noteEvents() { session.drainEvents() }

  // MARK: What the handler of a stream may ask of the session

  func respond(_ id: Int32, _ head: HeaderFields, body: HTTPExchange.Body = .none) {
    if let exchange = stream(id).exchange { session.respond(exchange, head, body: body) }
  }

  func resumeBody(_ id: Int32) {
    if let exchange = stream(id).exchange { session.resumeBody(exchange) }
  }

  func credit(_ id: Int32, _ count: Int) {
    if let exchange = stream(id).exchange { session.credit(exchange, count) }
  }

  func abort(_ id: Int32, _ reason: HTTPExchange.AbortReason = .cancelled) {
    if let exchange = stream(id).exchange { session.abort(exchange, reason) }
  }
}

/// Notes what came, and answers with what it is given. It keeps its exchange, so that this is not used again.
final class RecordingHandler: HTTPExchangeHandler {
  var exchange: HTTPExchange?
  var log: [HTTPExchange.Events] = []
  var received: [UInt8] = []
  private var uncredited = 0
  var body: [UInt8] = []
  var isBodyComplete = false
  var responseTrailers: HeaderFields?

  init(_ exchange: HTTPExchange?) { self.exchange = exchange }

  var head: HeaderBlock { exchange?.head ?? HeaderBlock() }
  var trailers: HeaderBlock? { exchange?.trailers }
  var isRemoteClosed: Bool { exchange?.isRemoteClosed == true }
  var isClosed: Bool { exchange?.isClosed == true }
  var closeCode: HTTP2ErrorCode? { exchange?.closeCode }
  var seen: HTTPExchange.Events { log.reduce(into: []) { $0.formUnion($1) } }

  func handle(_ events: HTTPExchange.Events) { log.append(events) }

  func receiveBody(_ bytes: UnsafeRawBufferPointer) {
    received += bytes
    uncredited += bytes.count
  }

  /// Bytes that came since it was last asked.
  func takeUncredited() -> Int {
    defer { uncredited = 0 }
    return uncredited
  }

  func writeBody(into buffer: UnsafeMutableRawBufferPointer) -> (count: Int, state: HTTPExchange.BodyState) {
    let count = min(buffer.count, body.count)
    buffer.copyBytes(from: body[..<count])
    body.removeFirst(count)
    guard body.isEmpty else { return (count, .more) }
    if isBodyComplete { return (count, .end(trailers: responseTrailers)) }
    return (count, count > 0 ? .more : .later)
  }
}

extension HeaderFields {
  convenience init(_ fields: HeaderField...) { self.init(fields.map { ($0.name, Array($0.value.utf8)) }) }
}

extension [Frame] {
  func of(_ kind: Frame.Kind, stream: UInt32? = nil) -> [Frame] {
    filter { $0.kind == kind && (stream == nil || $0.stream == stream) }
  }
}

extension [HeaderField] {
  /// As SETTINGS_MAX_HEADER_LIST_SIZE counts. RFC 9113, section 6.5.2.
  var weight: Int { reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 32 } }
}
