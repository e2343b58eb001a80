import HTTP

/// A session of HTTP/1.1 without a socket: text in, text out.
final class HTTP1Bench: HTTPServerSessionDelegate {
  private(set) var session: HTTP1Session!
  /// All handlers that there were.
  private(set) var exchanges: [ScriptedHandler] = []

  init(_ configure: (inout HTTP1Configuration) -> Void = { _ in }) {
    var configuration = HTTP1Configuration()
    configure(&configuration)
    session = HTTP1Session(configuration: configuration, delegate: self)
  }

  func makeHandler(for exchange: HTTPExchange) -> any HTTPExchangeHandler {
    let handler = ScriptedHandler(exchange)
    exchanges.append(handler)
    return handler
  }

  func feed(_ text: String, now: UInt64 = 0) {
    var text = text
    text.withUTF8 { session.receive(UnsafeRawBufferPointer($0), now: now) }
    session.drainEvents()
  }

  /// All that is sent in this turn.
  func output() -> String {
    var bytes: [UInt8] = []
    session.beginTurn()
    while let piece = session.nextOutput() { bytes += piece }
    session.drainEvents()
    return String(decoding: bytes, as: UTF8.self)
  }

  func answer(_ text: String) -> String {
    feed(text)
    return output()
  }

  /// Answers the exchange that is served.
  func respond(
    _ status: Int = 200, _ fields: [(name: String, value: [UInt8])] = [], body: HTTPExchange.Body = .none,
    request: HTTPExchange.Remainder = .abandon
  ) {
    guard let exchange = session.exchange else { return }
    session.respond(
      exchange, HeaderFields([(":status", Array("\(status)".utf8))] + fields), body: body, request: request)
  }

  var latest: ScriptedHandler? { exchanges.last }
}

/// Notes what came, and answers with what it is given.
final class ScriptedHandler: HTTPExchangeHandler {
  private(set) var exchange: HTTPExchange?
  private(set) var received: [UInt8] = []
  private(set) var seen: HTTPExchange.Events = []
  private(set) var closeCode: HTTP2ErrorCode?
  /// What it has to say.
  var body: [UInt8] = []
  var isBodyComplete = true
  var trailers: HeaderFields?

  init(_ exchange: HTTPExchange) { self.exchange = exchange }

  func receiveBody(_ bytes: UnsafeRawBufferPointer) { received += bytes }

  func writeBody(into buffer: UnsafeMutableRawBufferPointer) -> (count: Int, state: HTTPExchange.BodyState) {
    let count = min(buffer.count, body.count)
    buffer.copyBytes(from: body.prefix(count))
    body.removeFirst(count)
    guard body.isEmpty else { return (count, .more) }
    if isBodyComplete { return (count, .end(trailers: trailers)) }
    return (count, count > 0 ? .more : .later)
  }

  func handle(_ events: HTTPExchange.Events) {
    seen.formUnion(events)
    guard events.contains(.closed) else { return }
    closeCode = exchange?.closeCode
    exchange = nil
  }
}
