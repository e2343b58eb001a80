import HTTP
import Testing

/// Limits, and how a connection ends.
extension HTTP1SessionTests {
  // MARK: Limits

  @Test func aLongRequestLineIsRefused() {
    for (count, isTaken) in [(8192 - 14, true), (8192 - 13, false)] {
      let bench = HTTP1Bench { $0.headerLimits = HeaderLimits(listSize: 20_000) }
      bench.feed("GET /\(String(repeating: "a", count: count)) HTTP/1.1\r\nhost: a\r\n\r\n")
      #expect(bench.session.fault?.status == (isTaken ? nil : 414))
    }
    let endless = HTTP1Bench()
    for _ in 0..<10 { endless.feed(String(repeating: "a", count: 1000)) }
    #expect(endless.session.fault?.status == 414)
  }

  @Test func aLargeHeaderSectionIsRefused() {
    let fields = HTTP1Bench { $0.headerLimits = HeaderLimits(fieldCount: 10) }
    fields.feed("GET / HTTP/1.1\r\nhost: a\r\n" + String(repeating: "x: y\r\n", count: 6) + "\r\n")
    #expect(fields.session.fault == nil && fields.exchanges.count == 1)
    let more = HTTP1Bench { $0.headerLimits = HeaderLimits(fieldCount: 10) }
    more.feed("GET / HTTP/1.1\r\nhost: a\r\n" + String(repeating: "x: y\r\n", count: 7))
    #expect(more.session.fault?.status == 431)
    let endless = HTTP1Bench()
    endless.feed("GET / HTTP/1.1\r\nhost: a\r\nx: ")
    for _ in 0..<20 { endless.feed(String(repeating: "a", count: 1000)) }
    #expect(endless.session.fault?.status == 431)
    let dropped = HTTP1Bench()
    dropped.feed("GET / HTTP/1.1\r\nhost: a\r\n" + String(repeating: "connection: x\r\n", count: 2000))
    #expect(dropped.session.fault?.status == 431)
    let trailers = HTTP1Bench()
    trailers.feed(Self.head + "transfer-encoding: chunked\r\n\r\n0\r\n" + String(repeating: "x: y\r\n", count: 1000))
    #expect(trailers.session.fault?.status == 431)
  }

  @Test func aSlowHandlerStopsTheReading() {
    let bench = HTTP1Bench { $0.requestWindow = 10 }
    bench.feed(Self.head + "content-length: 30\r\n\r\n123456789")
    #expect(bench.session.wantsRead)
    bench.feed("0")
    #expect(!bench.session.wantsRead)
    if let exchange = bench.session.exchange { bench.session.credit(exchange, 1) }
    #expect(bench.session.wantsRead)
  }

  @Test func aTurnSendsNoMoreThanItsWindow() {
    let bench = HTTP1Bench { $0.responseWindow = 50_000 }
    bench.feed(Self.get)
    bench.latest?.body = [UInt8](repeating: 0x61, count: 200_000)
    bench.respond(body: .length(200_000))
    let first = bench.output()
    #expect(first.utf8.count < 70_000 && bench.session.wantsWrite)
    var all = first
    while bench.session.wantsWrite { all += bench.output() }
    #expect(all.utf8.count > 200_000 && bench.latest?.closeCode == .noError)
  }

  @Test func manySmallChunksAreTooMany() {
    let bench = HTTP1Bench()
    bench.feed(Self.head + "transfer-encoding: chunked\r\n\r\n")
    for _ in 0..<9 { bench.feed(String(repeating: "1\r\nx\r\n", count: 1000)) }
    #expect(bench.session.fault == nil)
    bench.feed(String(repeating: "1\r\nx\r\n", count: 1001))
    #expect(bench.session.fault?.status == 429)
  }

  // MARK: Ends

  @Test func aHeaderSectionHasItsTime() {
    let bench = HTTP1Bench()
    #expect(bench.session.headersSince == nil && bench.session.idleSince == 0)
    bench.feed("GET /", now: 5)
    bench.feed(" HTTP/1.1\r\nhost: a\r\n", now: 7)
    #expect(bench.session.headersSince == 5)
    bench.session.timeOut()
    #expect(bench.output().hasPrefix("HTTP/1.1 408 ") && bench.session.isEnding)
    let whole = HTTP1Bench()
    whole.feed(Self.get, now: 5)
    #expect(whole.session.headersSince == nil && whole.session.idleSince == nil)
  }

  @Test func aDrainEndsWithTheResponse() {
    let bench = HTTP1Bench()
    bench.feed(Self.get + Self.get)
    bench.session.drain()
    #expect(!bench.session.isEnding)
    bench.respond()
    #expect(bench.output().contains("connection: close"))
    #expect(bench.session.isEnding && bench.exchanges.count == 1)
  }

  @Test func aDrainWaitsForAResponseThatHasBegun() {
    let bench = HTTP1Bench()
    bench.feed(Self.get)
    bench.latest?.isBodyComplete = false
    bench.respond(body: .unknown)
    _ = bench.output()
    bench.session.drain()
    #expect(!bench.session.isEnding)
    bench.latest?.isBodyComplete = true
    if let exchange = bench.session.exchange { bench.session.resumeBody(exchange) }
    #expect(bench.output() == "0\r\n\r\n" && bench.session.isEnding)
  }

  @Test func aDrainEndsWhatIsIdle() {
    let bench = HTTP1Bench()
    bench.session.drain()
    #expect(bench.session.isEnding)
    let begun = HTTP1Bench()
    begun.feed("GET /")
    begun.session.drain()
    #expect(!begun.session.isEnding)
    begun.feed(" HTTP/1.1\r\nhost: a\r\n\r\n")
    begun.respond()
    #expect(begun.output().contains("connection: close") && begun.session.isEnding)
  }

  /// FIELD-NOTES trap 42: a stream that fails in its middle must not look complete.
  @Test func anAbortedResponseIsCut() {
    let bench = HTTP1Bench()
    bench.feed(Self.get)
    bench.latest?.isBodyComplete = false
    bench.latest?.body = Array("hello".utf8)
    bench.respond(body: .unknown)
    _ = bench.output()
    if let exchange = bench.session.exchange { bench.session.abort(exchange, .excessiveLoad) }
    #expect(bench.output() == "" && bench.session.isEnding)
    #expect(bench.latest?.closeCode == .enhanceYourCalm)
  }

  @Test func anAbortBeforeTheResponseIsAnswered() {
    let bench = HTTP1Bench()
    bench.feed(Self.get)
    if let exchange = bench.session.exchange { bench.session.abort(exchange, .refused) }
    #expect(bench.output().hasPrefix("HTTP/1.1 503 ") && bench.session.isEnding)
    #expect(bench.latest?.seen.contains(.closed) == true)
  }

  @Test func aBrokenBodyEndsAResponseThatHasBegun() {
    let bench = HTTP1Bench()
    bench.feed(Self.head + "transfer-encoding: chunked\r\n\r\n")
    bench.latest?.isBodyComplete = false
    bench.respond(body: .unknown)
    _ = bench.output()
    #expect(bench.answer("x\r\n") == "" && bench.session.isEnding)
    #expect(bench.latest?.closeCode == .protocolError)
  }

  @Test func aFINAloneCancelsNothing() {
    let bench = HTTP1Bench()
    bench.feed(Self.get + Self.get)
    #expect(bench.session.receiveEnd())
    bench.respond()
    #expect(bench.output().contains("200 OK") && !bench.session.isEnding)
    bench.respond()
    #expect(bench.output().contains("200 OK") && bench.session.isEnding)
    let half = HTTP1Bench()
    half.feed(Self.head + "content-length: 2\r\n\r\na")
    #expect(!half.session.receiveEnd())
    let idle = HTTP1Bench()
    #expect(!idle.session.receiveEnd() && idle.session.isEnding)
  }

  @Test func theEndOfTheConnectionClosesTheExchange() {
    let bench = HTTP1Bench()
    bench.feed(Self.get)
    bench.session.end()
    #expect(bench.latest?.closeCode == .cancel && bench.session.exchange == nil)
  }
}
