import HTTP
import Testing

/// Exchanges of HTTP/1.1: responses, the order of requests, what ends a connection.
@Suite struct HTTP1SessionTests {
  static let get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n"
  static let head = "POST / HTTP/1.1\r\nhost: a\r\n"

  // MARK: Responses

  @Test func aResponseWithoutABodySaysSo() {
    let bench = HTTP1Bench()
    bench.feed(Self.get)
    #expect(bench.output() == "")
    bench.respond(200, [("x-y", Array("z".utf8))])
    #expect(bench.output() == "HTTP/1.1 200 OK\r\nx-y: z\r\ncontent-length: 0\r\n\r\n")
    #expect(bench.latest?.closeCode == .noError && bench.session.wantsRead && !bench.session.isEnding)
  }

  /// RFC 9110, sections 5.6.7 and 6.6.1.
  @Test(arguments: [
    (Int64(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
    (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (951_868_800, "Wed, 01 Mar 2000 00:00:00 GMT"),
    (4_107_542_399, "Sun, 28 Feb 2100 23:59:59 GMT"), (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
    (1_798_761_599, "Thu, 31 Dec 2026 23:59:59 GMT"), (.max, "Fri, 31 Dec 9999 23:59:59 GMT"),
    (.min, "Thu, 01 Jan 1970 00:00:00 GMT"),
  ]) func aResponseHasADate(seconds: Int64, text: String) {
    let bench = HTTP1Bench()
    bench.feed(Self.get)
    bench.session.beginTurn(unixTime: seconds)
    bench.respond()
    #expect(bench.output() == "HTTP/1.1 200 OK\r\ndate: \(text)\r\ncontent-length: 0\r\n\r\n")
    bench.feed(Self.get)
    bench.session.beginTurn(unixTime: seconds)
    bench.respond(200, [("date", Array("its own".utf8))])
    #expect(bench.output() == "HTTP/1.1 200 OK\r\ndate: its own\r\ncontent-length: 0\r\n\r\n")
  }

  @Test func aLengthFramesTheBody() {
    let bench = HTTP1Bench()
    bench.feed(Self.get)
    bench.latest?.body = Array("hello".utf8)
    bench.respond(body: .length(5))
    #expect(bench.output() == "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")
    #expect(bench.latest?.closeCode == .noError && !bench.session.isEnding)
  }

  @Test(arguments: [false, true])
  func chunksFrameABodyOfUnknownLength(takesTrailers: Bool) {
    let bench = HTTP1Bench()
    bench.feed("GET / HTTP/1.1\r\nhost: a\r\n\(takesTrailers ? "te: trailers\r\n" : "")\r\n")
    bench.latest?.isBodyComplete = false
    bench.latest?.body = Array("hello".utf8)
    bench.respond(body: .unknown)
    #expect(bench.output() == "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")
    bench.latest?.body = Array("0123456789abcdefg".utf8)
    bench.latest?.isBodyComplete = true
    bench.latest?.trailers = HeaderFields([("sum", Array("7".utf8)), ("content-length", Array("9".utf8))])
    if let exchange = bench.session.exchange { bench.session.resumeBody(exchange) }
    let trailers = takesTrailers ? "sum: 7\r\n" : ""
    #expect(bench.output() == "11\r\n0123456789abcdefg\r\n0\r\n\(trailers)\r\n")
    #expect(bench.latest?.closeCode == .noError)
  }

  @Test(arguments: [1, 15, 16, 255, 4095, 4096, 16_384, 16_385, 100_000])
  func chunksOfAnySizeAreWellFormed(count: Int) throws {
    let bench = HTTP1Bench()
    bench.feed(Self.get)
    let body = (0..<count).map { UInt8(0x61 + $0 % 26) }
    bench.latest?.body = body
    bench.respond(body: .unknown)
    var rest = Array(bench.output().utf8)[...]
    rest = rest.dropFirst("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".utf8.count)
    var received: [UInt8] = []
    while true {
      let line = rest.prefix { $0 != 13 }
      let size = try #require(Int(String(decoding: line, as: UTF8.self), radix: 16))
      #expect(String(size, radix: 16) == String(decoding: line, as: UTF8.self))
      rest = rest.dropFirst(line.count + 2)
      received += rest.prefix(size)
      rest = rest.dropFirst(size)
      #expect(rest.starts(with: [13, 10]))
      rest = rest.dropFirst(2)
      if size == 0 { break }
    }
    #expect(rest.isEmpty && received == body)
  }

  /// A page could not tell the length of what it does not get.
  @Test func aHEADHasNoBody() {
    let bench = HTTP1Bench()
    bench.feed("HEAD / HTTP/1.1\r\nhost: a\r\n\r\n")
    bench.latest?.body = Array("hello".utf8)
    bench.respond(200, [("content-length", Array("5".utf8))], body: .unknown)
    #expect(bench.output() == "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n")
    #expect(bench.latest?.closeCode == .noError)
  }

  @Test(arguments: [204, 304]) func someStatusesHaveNoBody(status: Int) {
    let bench = HTTP1Bench()
    bench.feed(Self.get)
    bench.respond(status, body: .length(5))
    let output = bench.output()
    #expect(output.hasSuffix("\r\n\r\n") && !output.contains("content-length") && !output.contains("chunked"))
    #expect(bench.latest?.closeCode == .noError)
  }

  @Test func noFieldOfAHandlerFramesTheResponse() {
    let bench = HTTP1Bench()
    bench.feed(Self.get)
    bench.respond(
      200,
      [
        ("transfer-encoding", Array("gzip".utf8)), ("connection", Array("x".utf8)), ("content-length", Array("9".utf8)),
        ("upgrade", Array("h2c".utf8)), ("a", Array("b\r\nc: d".utf8)), ("e f", Array("g".utf8)),
      ])
    #expect(bench.output() == "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
  }

  @Test(arguments: [3, 7]) func aBodyOfAnotherLengthIsCut(count: Int) {
    let bench = HTTP1Bench()
    bench.feed(Self.get)
    bench.latest?.body = Array("1234567".utf8.prefix(count))
    bench.respond(body: .length(5))
    #expect(bench.output().hasSuffix("\r\n\r\n" + "12345".prefix(count)))
    // Nobody may read another response behind it.
    #expect(bench.session.isEnding && bench.latest?.closeCode == .internalError)
  }

  // MARK: Several requests

  @Test func requestsWaitForTheResponseBefore() {
    let bench = HTTP1Bench()
    bench.feed(Self.get + Self.get + "GET /3")
    #expect(bench.exchanges.count == 1 && !bench.session.wantsRead)
    bench.feed(" HTTP/1.1\r\nhost: a\r\n\r\n")
    #expect(bench.exchanges.count == 1)
    bench.respond()
    _ = bench.output()
    #expect(bench.exchanges.count == 2 && !bench.session.wantsRead)
    #expect(bench.exchanges[1].seen == [.head, .end])
    bench.respond()
    _ = bench.output()
    #expect(bench.exchanges.count == 3 && bench.session.wantsRead)
  }

  @Test func aThousandRequestsInOnePieceAreAnsweredInOrder() {
    let bench = HTTP1Bench()
    var text = ""
    for index in 0..<1000 { text += "GET /\(index) HTTP/1.1\r\nhost: a\r\n\r\n" }
    bench.feed(text)
    for index in 0..<1000 {
      #expect(bench.session.exchange?.head.text(":path") == "/\(index)")
      bench.respond()
      _ = bench.output()
    }
    #expect(bench.exchanges.count == 1000 && bench.session.wantsRead)
  }

  @Test func aClientThatClosesIsClosed() {
    let bench = HTTP1Bench()
    bench.feed("GET / HTTP/1.1\r\nhost: a\r\nconnection: x, close\r\n\r\n" + Self.get)
    bench.respond()
    #expect(bench.output().contains("\r\nconnection: close\r\n"))
    #expect(bench.session.isEnding && bench.exchanges.count == 1)
  }

  // MARK: Requests that are answered early

  @Test func theRestOfAnAnsweredRequestIsDropped() {
    let bench = HTTP1Bench()
    bench.feed(Self.head + "content-length: 10\r\n\r\n12345")
    bench.respond(415, request: .discard(limit: 5))
    #expect(!bench.output().contains("connection: close") && bench.latest?.closeCode == .noError)
    bench.feed("67890" + Self.get)
    #expect(bench.exchanges.count == 2 && bench.exchanges[1].seen == [.head, .end])
  }

  @Test func aLongRestEndsTheConnection() {
    let bench = HTTP1Bench()
    bench.feed(Self.head + "content-length: 11\r\n\r\n12345")
    bench.respond(415, request: .discard(limit: 5))
    #expect(bench.output().contains("connection: close") && bench.session.isEnding)
  }

  @Test func chunksWithoutEndEndTheConnection() {
    let bench = HTTP1Bench()
    bench.feed(Self.head + "transfer-encoding: chunked\r\n\r\n")
    bench.respond(415, request: .discard(limit: 20))
    #expect(!bench.output().contains("connection: close") && !bench.session.isEnding)
    bench.feed("10\r\n0123456789abcdef\r\n")
    #expect(!bench.session.isEnding)
    bench.feed("10\r\n0123456789abcdef\r\n")
    #expect(bench.session.isEnding)
  }

  @Test func anAbandonedRequestEndsTheConnection() {
    let bench = HTTP1Bench()
    bench.feed(Self.head + "content-length: 10\r\n\r\n12345")
    bench.respond(415)
    #expect(bench.output().contains("connection: close") && bench.session.isEnding)
  }

  // MARK: 100-continue

  @Test func aClientIsToldToContinue() {
    let bench = HTTP1Bench()
    bench.feed(Self.head + "expect: 100-continue\r\ncontent-length: 2\r\n\r\n")
    #expect(bench.output() == "HTTP/1.1 100 Continue\r\n\r\n")
    #expect(bench.output() == "")
    bench.feed("ab")
    #expect(bench.latest?.received == Array("ab".utf8))
    bench.respond()
    #expect(bench.output() == "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
  }

  @Test func aClientThatDoesNotWaitIsNotTold() {
    let bench = HTTP1Bench()
    bench.feed(Self.head + "expect: 100-continue\r\ncontent-length: 2\r\n\r\na")
    #expect(bench.output() == "")
  }

  @Test func aRefusalComesInsteadOfContinue() {
    let bench = HTTP1Bench()
    bench.feed(Self.head + "expect: 100-continue\r\ncontent-length: 2\r\n\r\n")
    bench.respond(403, request: .discard(limit: 100))
    let output = bench.output()
    // Whether the body follows, the client alone knows.
    #expect(output.hasPrefix("HTTP/1.1 403 ") && output.contains("connection: close") && bench.session.isEnding)
  }
}
