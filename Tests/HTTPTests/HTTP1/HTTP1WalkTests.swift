import HTTP
import TestSupport
import Testing

/// Random clients and random handlers: whatever comes in whatever order, each exchange is closed once and last, nothing
/// is sent after the end, and what is sent are whole responses in the order of the requests, but for the last one.
@Suite struct HTTP1WalkTests {

  /// Tells how often it was closed, and what came after that.
  private final class Watching: HTTPExchangeHandler {
    let id: Int32
    private(set) var closes = 0
    private(set) var isLate = false
    var left = 0
    var isComplete = true

    init(_ id: Int32) { self.id = id }

    func receiveBody(_ bytes: UnsafeRawBufferPointer) { if closes > 0 { isLate = true } }

    func writeBody(into buffer: UnsafeMutableRawBufferPointer) -> (count: Int, state: HTTPExchange.BodyState) {
      let count = min(left, buffer.count)
      for index in 0..<count { buffer[index] = UInt8(ascii: "b") }
      left -= count
      if left > 0 || !isComplete { return (count, count > 0 ? .more : .later) }
      return (count, .end(trailers: nil))
    }

    func handle(_ events: HTTPExchange.Events) {
      if closes > 0 { isLate = true }
      if events.contains(.closed) { closes += 1 }
    }
  }

  private final class Walk: HTTPServerSessionDelegate {
    private(set) var session: HTTP1Session!
    private(set) var handlers: [Watching] = []
    private(set) var sent: [UInt8] = []
    var random: SeededGenerator
    private var input: [UInt8] = []

    init(_ seed: UInt64) {
      random = SeededGenerator(seed: seed)
      var configuration = HTTP1Configuration()
      configuration.requestWindow = 50
      configuration.responseWindow = 2000
      session = HTTP1Session(configuration: configuration, delegate: self)
    }

    func makeHandler(for exchange: HTTPExchange) -> any HTTPExchangeHandler {
      handlers.append(Watching(exchange.id))
      return handlers[handlers.count - 1]
    }

    func pick(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

    private func request() -> String {
      let head = "\(["GET", "POST", "HEAD"][pick(3)]) / HTTP/1.1\r\nhost: a\r\n"
      let expect = pick(4) == 0 ? "expect: 100-continue\r\n" : ""
      switch pick(8) {
      case 0, 1: return head + "\r\n"
      case 2, 3: return head + expect + "content-length: 30\r\n\r\n" + String(repeating: "x", count: 30)
      case 4, 5:
        return head + expect + "transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n14\r\n01234567890123456789\r\n0\r\n\r\n"
      case 6: return head + "connection: close\r\n\r\n"
      default: return pick(3) == 0 ? "nonsense\r\n" : head + "\r\n"
      }
    }

    func step() {
      switch pick(12) {
      case 0...3:
        if input.isEmpty { input = (0...pick(3)).flatMap { _ in Array(request().utf8) } }
        let piece = Array(input.prefix(1 + pick(60)))
        input.removeFirst(piece.count)
        piece.withUnsafeBytes { session.receive($0) }
        session.drainEvents()
      case 4, 5: respond()
      case 6:
        if let exchange = session.exchange, let handler = exchange.handler as? Watching {
          handler.isComplete = true
          session.resumeBody(exchange)
        }
      case 7: if let exchange = session.exchange { session.credit(exchange, 1 + pick(60)) }
      case 8 where pick(20) == 0: if let exchange = session.exchange { session.abort(exchange, .internalError) }
      case 9 where pick(30) == 0: session.drain()
      case 10 where pick(30) == 0: _ = session.receiveEnd()
      case 11 where pick(30) == 0: session.timeOut()
      default: flush()
      }
    }

    private func respond() {
      guard let exchange = session.exchange, let handler = exchange.handler as? Watching else { return }
      let head = HeaderFields([(":status", Array(["200", "204", "404"][pick(3)].utf8))])
      let count = pick(100)
      let rest = pick(2) == 0 ? HTTPExchange.Remainder.abandon : .discard(limit: pick(60))
      switch pick(3) {
      case 0: session.respond(exchange, head, body: .none, request: rest)
      case 1:
        handler.left = count
        session.respond(exchange, head, body: .length(count), request: rest)
      default:
        handler.left = count
        handler.isComplete = pick(2) == 0
        session.respond(exchange, head, body: .unknown, request: rest)
      }
    }

    func flush() {
      session.beginTurn()
      while let bytes = session.nextOutput() { sent += bytes }
      session.drainEvents()
    }

    func finish() {
      flush()
      session.end()
    }
  }

  /// How many responses stand in what was sent; nil if something stands there that is no response. The last one may be
  /// cut.
  private func responses(_ sent: [UInt8]) -> Int? {
    var rest = sent[...]
    var count = 0
    while rest.starts(with: Array("HTTP/1.1 ".utf8)) {
      guard let end = rest.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
      let head = String(decoding: rest[..<end.lowerBound], as: UTF8.self)
      rest = rest[end.upperBound...]
      if head.hasPrefix("HTTP/1.1 100 ") { continue }
      count += 1
      if head.contains("chunked") {
        guard dropChunks(&rest) else { return nil }
      } else if let length = head.firstRange(of: "content-length: ") {
        let size = Int(head[length.upperBound...].prefix { $0.isNumber }) ?? 0
        // One to HEAD has none.
        if !rest.starts(with: Array("HTTP/1.1 ".utf8)) { rest = rest.dropFirst(size) }
      }
    }
    return rest.isEmpty ? count : nil
  }

  /// False if they are malformed.
  private func dropChunks(_ rest: inout ArraySlice<UInt8>) -> Bool {
    while let line = rest.firstIndex(of: 13) {
      guard let size = Int(String(decoding: rest[..<line], as: UTF8.self), radix: 16) else { return false }
      rest = rest[line...].dropFirst(2 + size)
      guard rest.starts(with: [13, 10]) else { return rest.isEmpty }
      rest = rest.dropFirst(2)
      if size == 0 { return true }
    }
    return rest.isEmpty
  }

  @Test func whateverHappensEachExchangeEndsOnce() {
    var total = 0
    for seed in UInt64(1)...3000 {
      let walk = Walk(seed)
      for _ in 0..<80 { walk.step() }
      // Each turn sends no more than its window, and may find a fault in what waited.
      for _ in 0..<20 { walk.flush() }
      #expect(!walk.session.wantsWrite, "seed \(seed)")
      let wasEnding = walk.session.isEnding
      let before = walk.sent.count
      if wasEnding {
        Array("GET / HTTP/1.1\r\nhost: a\r\n\r\n".utf8).withUnsafeBytes { walk.session.receive($0) }
        walk.flush()
        #expect(walk.sent.count == before, "seed \(seed)")
      }
      walk.finish()
      let open = walk.handlers.filter { $0.closes != 1 || $0.isLate }
      #expect(open.isEmpty, "seed \(seed)")
      let count = responses(walk.sent) ?? .max
      // One may be the session's own.
      #expect(count <= walk.handlers.count + 1, "seed \(seed): \(String(decoding: walk.sent, as: UTF8.self))")
      total += walk.handlers.count
    }
    // The walks go somewhere.
    #expect(total > 5000)
  }
}
