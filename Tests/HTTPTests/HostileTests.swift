import HTTP
import TestPeer
import Testing

/// Frames that are wrong: an error of the stream or of the connection, never of the process.
@Suite struct HostileTests {
  static let request = Peer.request("/a.B/C")

  /// After a good handshake and an open stream 1: frames that end the connection, or the stream they are about.
  @Test(arguments: [
    ("DATA on stream 0", [Frame(.data, stream: 0, [1])]),
    ("HEADERS on stream 0", [.headers(0, request)]),
    ("HEADERS on an even stream", [.headers(2, request)]),
    ("DATA on an idle stream", [.data(9, [1])]),
    ("RST_STREAM on an idle stream", [.reset(9, 0)]),
    ("RST_STREAM on stream 0", [.reset(0, 0)]),
    ("RST_STREAM of three bytes", [Frame(.rstStream, stream: 1, [0, 0, 0])]),
    ("SETTINGS on a stream", [Frame(.settings, stream: 1)]),
    ("SETTINGS of five bytes", [Frame(.settings, [0, 0, 0, 0, 0])]),
    ("SETTINGS ack with a payload", [Frame(.settings, flags: Frame.ack, [0, 4, 0, 0, 0, 1])]),
    ("an initial window over 2^31-1", [.settings([(4, 0x8000_0000)])]),
    ("a frame size under 16384", [.settings([(5, 1)])]),
    ("ENABLE_PUSH of 2", [.settings([(2, 2)])]),
    ("PING of seven bytes", [Frame(.ping, [UInt8](repeating: 0, count: 7))]),
    ("PING on a stream", [Frame(.ping, stream: 1, [UInt8](repeating: 0, count: 8))]),
    ("GOAWAY on a stream", [Frame(.goAway, stream: 1, [UInt8](repeating: 0, count: 8))]),
    ("GOAWAY of four bytes", [Frame(.goAway, [0, 0, 0, 0])]),
    ("WINDOW_UPDATE of three bytes", [Frame(.windowUpdate, [0, 0, 1])]),
    ("WINDOW_UPDATE of 0 for the connection", [.windowUpdate(0, 0)]),
    ("WINDOW_UPDATE of 0 for a stream", [.windowUpdate(1, 0)]),
    ("the connection's window over 2^31-1", [.windowUpdate(0, 0x7fff_ffff)]),
    ("a stream's window over 2^31-1", [.windowUpdate(1, 0x7fff_ffff)]),
    ("PUSH_PROMISE from a client", [Frame(.pushPromise, flags: Frame.endHeaders, stream: 1, [0, 0, 0, 2])]),
    ("CONTINUATION without HEADERS", [Frame(.continuation, flags: Frame.endHeaders, stream: 1)]),
    ("a frame inside a header block", [Frame(.headers, stream: 3, HeaderEncoder.encode(request)), .data(1, [1])]),
    ("HPACK of nonsense", [Frame(.headers, flags: Frame.endHeaders, stream: 3, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff])]),
    ("an index of no table", [Frame(.headers, flags: Frame.endHeaders, stream: 3, [0xfe])]),
    ("more padding than payload", [Frame(.data, flags: Frame.padded, stream: 1, [200, 1])]),
    ("padding without its length", [Frame(.data, flags: Frame.padded, stream: 1)]),
    ("DATA behind the end", [.data(1, [1], end: true), .data(1, [1])]),
    ("HEADERS behind the end", [.data(1, [1], end: true), .headers(1, request)]),
    ("HEADERS behind RST_STREAM", [.reset(1, 8), .headers(1, request)]),
    ("trailers behind RST_STREAM", [.reset(1, 8), .headers(1, [["x", "y"]], end: true)]),
    ("PRIORITY on stream 0", [Frame(.priority, stream: 0, [0, 0, 0, 3, 1])]),
    ("PRIORITY that depends on itself", [Frame(.priority, stream: 1, [0, 0, 0, 1, 1])]),
    ("a new stream that depends on itself", [Frame(.headers, flags: 0x24, stream: 3, [0, 0, 0, 3, 1])]),
    ("DATA behind RST_STREAM", [.reset(1, 8), .data(1, [1])]),
    ("a smaller number than the one before", [.headers(5, request), .headers(3, request)]),
  ])
  func badFrames(name: String, frames: [Frame]) throws {
    let bench = try SessionBench.started()
    try bench.feed(.headers(1, Self.request))
    do { try bench.feed(frames.flatMap(\.bytes)) } catch is HTTP2Error {}
    let answer = try bench.output()
    let errors = answer.of(.goAway).map { $0.number(at: 4) } + answer.of(.rstStream).map { $0.number() }
    #expect(!errors.isEmpty && !errors.contains(0), "\(name): \(answer)")
    // Whatever comes then does no harm.
    do { try bench.feed(.headers(21, Self.request), .ping(1)) } catch is HTTP2Error {}
    _ = try? bench.output()
  }

  /// Fields that make a request malformed: RST_STREAM(PROTOCOL_ERROR), and the connection lives (RFC 9113, 8.1.1).
  private static let malformed: [(String, [HeaderField])] = [
    ("no :method", request.filter { $0.name != ":method" }),
    ("no :path", request.filter { $0.name != ":path" }),
    ("no :scheme", request.filter { $0.name != ":scheme" }),
    ("two :path", [[":path", "/x"]] + request),
    ("an empty :path", request.map { $0.name == ":path" ? [":path", ""] : $0 }),
    ("a pseudo-header behind a field", request + [[":authority", "x"]]),
    ("an unknown pseudo-header", [[":unknown", "x"]] + request),
    ("a response's pseudo-header", [[":status", "200"]] + request),
    ("an upper-case name", request + [["Upper", "x"]]),
    ("connection", request + [["connection", "close"]]),
    ("te other than trailers", request.filter { $0.name != "te" } + [["te", "gzip"]]),
  ]
  private static let alsoMalformed: [(String, [HeaderField])] = [
    ("content-length that is none", request + [["content-length", "x"]]),
    ("content-length with a sign", request + [["content-length", "+1"]]),
    ("an empty content-length", request + [["content-length", ""]]),
    ("content-length that overflows", request + [["content-length", "99999999999999999999999999"]]),
    ("two content-lengths", request + [["content-length", "1"], ["content-length", "2"]]),
    ("two :authority", [[":authority", "x"]] + request),
    ("trailing space", request + [["k", "v "]]),
    ("leading tab", request + [["k", "\tv"]]),
    ("NUL", request + [["k", "a\0b"]]),
    ("NUL in a long value", request + [["k", "0123456789\0abcdefghijklmn"]]),
    ("DEL", request + [["k", "0123456\u{7f}"]]),
    ("a line break", request + [["k", "a\nb"]]),
    ("a line break in :authority", request.map { $0.name == ":authority" ? [":authority", "a\nb"] : $0 }),
    ("a space in :path", request.map { $0.name == ":path" ? [":path", "/a b"] : $0 }),
    ("a space in a long :path", request.map { $0.name == ":path" ? [":path", "/a.Service/Call now"] : $0 }),
    ("a space in :method", request.map { $0.name == ":method" ? [":method", "PO ST"] : $0 }),
    ("a path without a slash", request.map { $0.name == ":path" ? [":path", "a.B/C"] : $0 }),
    ("POST *", request.map { $0.name == ":path" ? [":path", "*"] : $0 }),
    ("a scheme that is none", request.map { $0.name == ":scheme" ? [":scheme", "1http"] : $0 }),
    ("CONNECT with a path", request.map { $0.name == ":method" ? [":method", "CONNECT"] : $0 }),
    ("no name", request + [["", "x"]]),
    ("a space in a name", request + [["a b", "x"]]),
    ("a letter of upper case in a long name", request + [["content-disposItion", "x"]]),
    ("a colon in a long name", request + [["content-disposition:", "x"]]),
    ("a name that is not ASCII", request + [["content-dispositiön", "x"]]),
    ("upgrade", request + [["upgrade", "h2c"]]),
    ("keep-alive", request + [["keep-alive", "1"]]),
    ("proxy-connection", request + [["proxy-connection", "close"]]),
    ("transfer-encoding", request + [["transfer-encoding", "chunked"]]),
  ]

  @Test(arguments: malformed + alsoMalformed, [false, true])
  func malformedRequests(request: (name: String, fields: [HeaderField]), takesAnyAuthority: Bool) throws {
    try expectMalformed(
      request.name, request.fields, on: SessionBench.started { $0.takesAnyAuthority = takesAnyAuthority })
  }

  @Test(arguments: [
    ("two hosts", request.filter { $0.name != ":authority" } + [["host", "a"], ["host", "a"]]),
    ("an empty :authority", request.map { $0.name == ":authority" ? [":authority", ""] : $0 }),
    ("neither :authority nor host", request.filter { $0.name != ":authority" }),
    ("a host that is none", request + [["host", "a b"]]),
  ])
  func malformedAuthorities(name: String, fields: [HeaderField]) throws {
    try expectMalformed(name, fields, on: SessionBench.started())
  }

  /// What looks odd and is well-formed.
  @Test(
    arguments: [
      request + [["k", ""]], request + [["k", "a\tb"]], request + [["k", "\u{e4}\u{f6}\u{fc} 0123456789"]],
      request + [["k", "012345678901234\t" + "5"]], request + [["!#$%&'*+-.^_`|~09az", "x"]],
      request + [["te", "trailers"]], request.filter { $0.name != ":authority" } + [["host", "a.example:80"]],
      request.map { $0.name == ":method" ? [":method", "OPTIONS"] : $0.name == ":path" ? [":path", "*"] : $0 },
      request.map { $0.name == ":scheme" ? [":scheme", "coap+tcp"] : $0.name == ":path" ? [":path", "x"] : $0 },
      request.map { $0.name == ":path" ? [":path", "/a:b@c;d=e/%2F?f=[g]&h='i'!$(j)*~k,l+m_n"] : $0 },
      [[":method", "CONNECT"], [":authority", "a.example:80"]],
    ] as [[HeaderField]])
  func oddRequestsThatAreWellFormed(fields: [HeaderField]) throws {
    let bench = try SessionBench.started()
    #expect(try bench.answer(.headers(1, fields)).of(.rstStream).isEmpty)
    #expect(bench.stream(1).head.fields == fields)
  }

  private func expectMalformed(_ name: String, _ fields: [HeaderField], on bench: SessionBench) throws {
    let answer = try bench.answer(.headers(1, fields), .data(1, [1]))
    #expect(answer.of(.rstStream, stream: 1).map { $0.number() } == [1], "\(name): \(answer)")
    #expect(bench.streams[1]?.seen.contains(.head) != true)
    #expect(bench.session.exchanges.isEmpty)
    try bench.feed(.headers(3, Self.request))
    #expect(bench.stream(3).seen == .head)
  }

  // MARK: Any authority, as on Unix sockets

  @Test(arguments: ["/run/users.sock", "%2Frun%2Fusers.sock", "unix:/run/a b.sock", "", "localhost:80"])
  func anyAuthorityIsTakenWhereItMay(authority: String) throws {
    let fields = Self.request.map { $0.name == ":authority" ? HeaderField(":authority", authority) : $0 }
    let bench = try SessionBench.started { $0.takesAnyAuthority = true }
    try bench.feed(.headers(1, fields), .data(1, [1]), .headers(1, [["x-trailer", "t"]], end: true))
    #expect(bench.stream(1).head.text(":authority") == authority)
    #expect(bench.stream(1).seen == [.head, .data, .end])
    #expect(bench.stream(1).trailers?.text("x-trailer") == "t")
    #expect(try bench.output().of(.rstStream).isEmpty)
    // Trailers are fields, too.
    try bench.feed(.headers(3, fields), .headers(3, [[":path", "/x"]], end: true))
    #expect(try bench.output().of(.rstStream, stream: 3).map { $0.number() } == [1])
  }

  @Test func anAuthorityThatIsNoHostIsMalformedElsewhere() throws {
    let fields = Self.request.map { $0.name == ":authority" ? HeaderField(":authority", "/run/users.sock") : $0 }
    try expectMalformed("a path", fields, on: SessionBench.started())
  }

  /// NUL, line breaks and other controls in a value: the field is left out, or the request refused.
  @Test(arguments: ["a\0b", "a\nb", "a\r\nb", "\u{1}"])
  func controlCharactersInAValueDoNotComeThrough(value: String) throws {
    let bench = try SessionBench.started()
    try bench.feed(.headers(1, Self.request + [["k", value]]))
    #expect(bench.streams[1]?.head.text("k") == nil)
  }

  @Test func contentLengthThatDoesNotMatch() throws {
    let bench = try SessionBench.started()
    let fields = Self.request + [["content-length", "3"]]
    #expect(try bench.answer(.headers(1, fields), .data(1, [1, 2, 3, 4])).of(.rstStream, stream: 1).count == 1)
    #expect(try bench.answer(.headers(3, fields), .data(3, [1], end: true)).of(.rstStream, stream: 3).count == 1)
    #expect(bench.stream(1).seen.contains(.closed))
    #expect(bench.stream(3).seen.contains(.closed))
    #expect(bench.session.exchanges.isEmpty)
    // Nothing of them was told beside the head, and what is behind them is lost on nobody.
    #expect(bench.stream(1).received.isEmpty && !bench.stream(3).seen.contains(.end))
    try bench.feed(.headers(5, fields), .data(5, [1, 2]), .data(5, []), .data(5, [3], end: true))
    #expect(bench.stream(5).received == [1, 2, 3] && bench.stream(5).seen.contains(.end))
    #expect(try bench.answer(.headers(7, fields), .data(7, [1]), .headers(7, [["x", "y"]], end: true)).count == 1)
    #expect(!bench.stream(7).seen.contains(.end))
    #expect(try bench.answer(.headers(9, fields, end: true)).of(.rstStream, stream: 9).map { $0.number() } == [1])
  }

  @Test func trailersThatDoNotEndTheStream() throws {
    let bench = try SessionBench.started()
    let answer = try bench.answer(.headers(1, Self.request), .headers(1, [["k", "v"]]))
    #expect(!answer.of(.rstStream, stream: 1).isEmpty || !answer.of(.goAway).isEmpty)
    #expect(bench.stream(1).isClosed || !answer.of(.goAway).isEmpty)
  }

  @Test(arguments: [0, 1, 3, 4, 5, 6, 9] as [UInt8])
  func framesThatAreTooLong(type: UInt8) throws {
    let bench = try SessionBench.started()
    try bench.feed(.headers(1, Self.request))
    let frame = Frame(type: type, stream: [0, 1, 3, 9].contains(type) ? 1 : 0)
    do { try bench.feed(frame.bytes(declaringLength: 0xff_ffff)) } catch is HTTP2Error {}
    #expect(try bench.output().of(.goAway).map { $0.number(at: 4) } == [6])
  }

  @Test(arguments: [
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\u{16}\u{3}\u{1}\0\u{5}", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
    "\0\0\0\0\0\0\0\0\0",
  ])
  func anotherProtocol(text: String) throws {
    let bench = try SessionBench()
    let error = #expect(throws: HTTP2Error.self) { try bench.feed(Array(text.utf8)) }
    #expect(error?.isBadPreface == true)
    #expect(try bench.output().of(.goAway).map { $0.number(at: 4) } == [1])
  }

  @Test func unknownFrameTypesAreIgnored() throws {
    let bench = try SessionBench.started()
    let answer = try bench.answer(
      .headers(1, Self.request), Frame(type: 0x42, flags: 0xff, stream: 1, [1, 2, 3]), Frame(type: 0xfe, [4]),
      .data(1, [7], end: true))
    #expect(answer.isEmpty)
    #expect(bench.stream(1).received == [7])
  }
}
