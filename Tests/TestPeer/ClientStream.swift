import HTTP

/// The state of a call of a `TestClient`: what is to be sent, and what came. It does not keep its client.
final class ClientStream: HTTPExchangeHandler {
  private unowned let session: HTTP2ClientSession
  /// nil when it is closed.
  private(set) var exchange: HTTPExchange?
  /// The server has nothing more to say.
  private(set) var isOver = false
  private(set) var reply = Reply()
  /// What of the request is to be sent, how much of that is, and whether it is all.
  private var body: [UInt8] = []
  private var sent = 0
  private var isComplete = false
  /// Bytes of the response that were not taken yet.
  private var received: [UInt8] = []
  private var uncredited = 0

  init(_ session: HTTP2ClientSession, _ head: [HeaderField]) throws {
    self.session = session
    exchange = try session.request(
      HeaderFields(head.map { ($0.name, Array($0.value.utf8)) }), body: .unknown, handler: self)
  }

  var isSent: Bool { sent == body.count }

  func send(_ bytes: [UInt8], end: Bool) {
    body = body[sent...] + bytes
    sent = 0
    isComplete = isComplete || end
    if let exchange { session.resumeBody(exchange) }
  }

  func cancel() {
    if let exchange { session.abort(exchange, .cancelled) }
  }

  /// The next whole message.
  func takeMessage() -> [UInt8]? {
    guard received.count >= 5 else { return nil }
    let length = received[1..<5].reduce(0) { $0 << 8 | Int($1) }
    guard received.count >= 5 + length else { return nil }
    defer { received.removeFirst(5 + length) }
    session.messageArrived()
    return Array(received[5..<(5 + length)])
  }

  // MARK: Told by the session

  func receiveBody(_ bytes: UnsafeRawBufferPointer) {
    received += bytes
    uncredited += bytes.count
  }

  func writeBody(into target: UnsafeMutableRawBufferPointer) -> (count: Int, state: HTTPExchange.BodyState) {
    let count = min(target.count, body.count - sent)
    target.copyBytes(from: body[sent..<(sent + count)])
    sent += count
    if isSent, isComplete { return (count, .end(trailers: nil)) }
    return (count, count > 0 ? .more : .later)
  }

  func handle(_ events: HTTPExchange.Events) {
    guard let exchange else { return }
    if events.contains(.head) { reply.headers = exchange.head.fields }
    session.credit(exchange, uncredited)
    uncredited = 0
    if events.contains(.end) { reply.trailers = (exchange.trailers ?? exchange.head).fields }
    if events.contains(.closed) {
      if !exchange.isRemoteClosed { reply.reset = exchange.closeCode.rawValue }
      self.exchange = nil
    }
    if !events.isDisjoint(with: [.end, .closed]) { isOver = true }
  }
}
