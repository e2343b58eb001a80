import Fuzzing
import HTTP
import Testing

/// What is taken for a request of HTTP/1.1, and what is refused.
@Suite struct HTTP1RequestTests {
  private func transcript(_ text: String) -> HTTP1Transcript { HTTP1Transcript(Array(text.utf8)) }

  private static let get = "GET / HTTP/1.1\r\nhost: a\r\n"

  @Test func aRequestHasTheFieldsThatHTTP2WouldGive() throws {
    let text =
      "POST /a.B/C?d=e HTTP/1.1\r\nHost: example.com:80\r\nContent-Type: \t a/b \t\r\nX-Y: \u{e9}\r\n"
      + "TE: trailers\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\nConnection: upgrade, keep-alive\r\ncontent-length: 3\r\n\r\nabc"
    let whole = transcript(text)
    let request = try #require(whole.requests.first)
    #expect(whole.requests.count == 1 && whole.fault == nil && !whole.isEnding)
    #expect(
      request.fields == [
        [":method", "POST"], [":scheme", "http"], [":path", "/a.B/C?d=e"], [":authority", "example.com:80"],
        ["content-type", "a/b"], ["x-y", "\u{c3}\u{a9}"], ["te", "trailers"], ["content-length", "3"],
      ])
    #expect(request.body == Array("abc".utf8) && request.isWhole && request.trailers == nil)
  }

  @Test func aChunkedBodyIsPutTogether() throws {
    let text =
      "POST / HTTP/1.1\r\nhost: a\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n"
      + "X-Sum: 7\r\n\r\n"
    let request = try #require(transcript(text).requests.first)
    #expect(request.body == Array("abc0123456789".utf8) && request.isWhole)
    #expect(request.trailers == [["x-sum", "7"]])
    #expect(!request.fields.contains { $0[0] == "transfer-encoding" })
  }

  @Test(arguments: [
    ("http://A.example/p", "a.example", "/p"), ("HTTPS://a:443", "a:443", "/"),
    ("http://a/?q", "a", "/?q"),
  ])
  func aTargetMayBeAnAbsoluteURI(target: String, host: String, path: String) throws {
    let request = try #require(transcript("GET \(target) HTTP/1.1\r\nhost: \(host)\r\n\r\n").requests.first)
    #expect(request.fields.contains([":path", path]) && request.fields.contains([":authority", host]))
  }

  /// What else is taken.
  @Test(arguments: [
    "OPTIONS * HTTP/1.1\r\nhost: a\r\n\r\n",
    "\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n",
    "M-SEARCH / HTTP/1.1\r\nhost:\r\n\r\n",
    "GET /\"<>{}|^` HTTP/1.1\r\nhost: [::1]:80\r\n\r\n",
    get + "x:\r\n\r\n",
    get + "x: a\tb\r\n\r\n",
    get + "content-length: 000\r\n\r\n",
    get + "transfer-encoding: chunked\r\n\r\n000\r\n\r\n",
    get + "expect: 100-Continue\r\ncontent-length: 1\r\n\r\nx",
  ])
  func itIsTaken(text: String) {
    let transcript = transcript(text)
    #expect(transcript.requests.map(\.isWhole) == [true], "\(transcript)")
    #expect(transcript.fault == nil)
  }

  /// Everything in which two parsers might see two things.
  @Test(arguments: [
    // Lines.
    ("GET / HTTP/1.1\nhost: a\r\n\r\n", 400), ("GET / HTTP/1.1\r\nhost: a\n\r\n", 400),
    ("GET / HTTP/1.1\r\nhost: a\r\n\n", 400), (get + "x: a\rb\r\n\r\n", 400), (get + "x: a\r\r\n\r\n", 400),
    (get + " x: folded\r\n\r\n", 400), (get + "\tfolded\r\n\r\n", 400), ("GET / HTTP/1.1\r\n host: a\r\n\r\n", 400),
    ("\r\n\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n", 400), ("\nGET / HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    // The request line.
    ("GET /\r\n\r\n", 400), ("GET  / HTTP/1.1\r\nhost: a\r\n\r\n", 400), ("GET / HTTP/1.1 \r\nhost: a\r\n\r\n", 400),
    ("GET\t/\tHTTP/1.1\r\nhost: a\r\n\r\n", 400), ("GET /a b HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("G(T / HTTP/1.1\r\nhost: a\r\n\r\n", 400), ("GET /#f HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("GET /\u{e9} HTTP/1.1\r\nhost: a\r\n\r\n", 400), ("GET a HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("GET * HTTP/1.1\r\nhost: a\r\n\r\n", 400), ("GET ftp://a/ HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("GET http:///p HTTP/1.1\r\nhost: a\r\n\r\n", 400), ("GET http://a?q HTTP/1.1\r\nhost: a\r\n\r\n", 400),
    ("GET http://a/ HTTP/1.1\r\nhost: b\r\n\r\n", 400), ("GET / http/1.1\r\nhost: a\r\n\r\n", 400),
    ("GET / HTTP/1.1x\r\nhost: a\r\n\r\n", 400), ("GET / HTTP/1.0\r\nhost: a\r\n\r\n", 505),
    ("GET / HTTP/2.0\r\nhost: a\r\n\r\n", 505), ("GET / HTTP/0.9\r\n\r\n", 505),
    ("CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n", 501),
    ("\(String(repeating: "M", count: 33)) / HTTP/1.1\r\nhost: a\r\n\r\n", 501),
    ("\u{16}\u{3}\u{1}", 400), ("{", 400),
    // Fields.
    (get + "x : a\r\n\r\n", 400), (get + ": a\r\n\r\n", 400), (get + "x\r\n\r\n", 400), (get + "x y: a\r\n\r\n", 400),
    (get + "x: \u{0}\r\n\r\n", 400), (get + "x: \u{7f}\r\n\r\n", 400), (get + ":path: /b\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\n\r\n", 400), (get + "host: a\r\n\r\n", 400), ("GET / HTTP/1.1\r\nhost: a, b\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nhost: a/b\r\n\r\n", 400), ("GET / HTTP/1.1\r\nhost: u@a\r\n\r\n", 400),
    (get + "expect: x\r\n\r\n", 417),
    // Lengths.
    (get + "content-length: 1\r\ncontent-length: 1\r\n\r\n", 400), (get + "content-length: 1, 1\r\n\r\n", 400),
    (get + "content-length: +1\r\n\r\n", 400), (get + "content-length: -1\r\n\r\n", 400),
    (get + "content-length: 1_0\r\n\r\n", 400), (get + "content-length: 0x1\r\n\r\n", 400),
    (get + "content-length:\r\n\r\n", 400), (get + "content-length: 1 \r 1\r\n\r\n", 400),
    (get + "content-length: 9999999999999999999\r\n\r\n", 400),
    (get + "content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (get + "transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n\r\n", 400),
    (get + "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n", 400),
    (get + "transfer-encoding: identity\r\n\r\n", 501), (get + "transfer-encoding: gzip, chunked\r\n\r\n", 501),
    (get + "transfer-encoding: chunked, identity\r\n\r\n", 501), (get + "transfer-encoding: xchunked\r\n\r\n", 501),
    (get + "transfer-encoding: \u{b}chunked\r\n\r\n", 400), (get + "transfer-encoding:\r\n\r\n", 501),
    (get + "transfer-encoding : chunked\r\n\r\n", 400),
  ])
  func itIsRefused(text: String, status: Int) {
    let transcript = transcript(text)
    #expect(transcript.fault?.status == status, "\(transcript)")
    #expect(transcript.isEnding && transcript.requests.isEmpty)
    let head = String(decoding: transcript.output, as: UTF8.self)
    #expect(head.hasPrefix("HTTP/1.1 \(status) ") && head.contains("\r\nconnection: close\r\n"))
  }

  /// After the head: the request is known, its body is not.
  @Test(arguments: [
    "g\r\n", "\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", "1 \r\n", " 1\r\n", "1;a=b\r\nx\r\n", "1;\r\nx\r\n", "1\nx\r\n",
    "123456789\r\n", "1\r\nxy\r\n", "1\r\nx\n", "1\r\nx\r\r\n", "1\r\nx0\r\n\r\n", "0\r\n\n", "0\r\nx: y\n\r\n",
    "0\r\ncontent-length: 1\r\n\r\n", "0\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\nhost: b\r\n\r\n",
    "0\r\n x: folded\r\n\r\n", "0\r\n:path: /b\r\n\r\n", "0\r\nauthorization: x\r\n\r\n",
  ])
  func aBrokenChunkIsRefused(chunks: String) {
    let transcript = transcript(Self.get + "transfer-encoding: chunked\r\n\r\n" + chunks)
    #expect(transcript.fault?.status == 400, "\(transcript)")
    #expect(transcript.isEnding && transcript.requests.allSatisfy { !$0.isWhole })
    #expect(String(decoding: transcript.output, as: UTF8.self).hasPrefix("HTTP/1.1 400 "))
  }

  @Test func requestsFollowEachOther() {
    let text =
      Self.get + "\r\n" + "POST /2 HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nxy" + Self.get
      + "connection: Close\r\n\r\n" + Self.get + "\r\n"
    let transcript = transcript(text)
    #expect(transcript.requests.map(\.isWhole) == [true, true, true])
    // What follows a `connection: close` is not read.
    #expect(transcript.isEnding && transcript.fault == nil)
    #expect(String(decoding: transcript.output, as: UTF8.self).components(separatedBy: "200 OK") == 4)
  }

  /// The pieces in which the bytes come make no difference.
  @Test func piecesMakeNoDifference() {
    var random = SystemRandomNumberGenerator()
    let head = "POST /a HTTP/1.1\r\nHost: a\r\nX: y\r\n"
    let parts = [
      Self.get + "\r\n", "\r\n" + head + "Content-Length: 5\r\n\r\nhello",
      head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\nt: u\r\n\r\n",
      head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n", "GET / HTTP/1.0\r\n\r\n", "nonsense\r\n",
    ]
    for _ in 0..<300 {
      let bytes = (0..<Int.random(in: 1...4, using: &random)).flatMap { _ in Array((parts.randomElement() ?? "").utf8) }
      let whole = HTTP1Transcript(bytes)
      let cuts = (0..<5).map { _ in Int.random(in: 1...40, using: &random) }
      #expect(HTTP1Transcript(bytes, cuts: cuts).isSame(as: whole), "\(bytes) \(cuts)")
      #expect(HTTP1Transcript(bytes, cuts: [1]).isSame(as: whole), "\(bytes)")
    }
  }
}

extension String {
  fileprivate func components(separatedBy text: String) -> Int {
    var count = 1
    var rest = self[...]
    while let range = rest.firstRange(of: text) {
      count += 1
      rest = rest[range.upperBound...]
    }
    return count
  }
}
