import HTTP
import TestPeer
import Testing

/// What a session sends.
@Suite struct ResponseTests {
  private let request = Peer.request("/a.B/C")
  private let ok = HeaderFields([":status", "200"])

  @Test func headersAlone() throws {
    let bench = try SessionBench.started()
    try bench.feed(.headers(1, request, end: true))
    bench.respond(1, HeaderFields([":status", "200"], ["a", "1"], ["a", "2"]))
    let answer = try bench.output()
    #expect(answer.map(\.fields) == [[[":status", "200"], ["a", "1"], ["a", "2"]]])
    #expect(answer.last?.isEnd == true)
    #expect(bench.stream(1).log.last == .closed)
    #expect(bench.session.exchanges.isEmpty)
  }

  @Test func aBodyThatComesInParts() throws {
    let bench = try SessionBench.started()
    try bench.feed(.headers(1, request, end: true))
    let stream = bench.stream(1)
    stream.body = [1]
    bench.respond(1, ok, body: .unknown)
    #expect(try bench.output().map(\.kind) == [.headers, .data])
    #expect(try bench.output().isEmpty)
    stream.body = [2, 3]
    bench.resumeBody(1)
    bench.resumeBody(1)
    #expect(try bench.output().map(\.payload) == [[2, 3]])
    stream.isBodyComplete = true
    stream.responseTrailers = HeaderFields(["grpc-status", "0"])
    bench.resumeBody(1)
    #expect(try bench.output().last?.field("grpc-status") == "0")
    #expect(stream.isClosed)
  }

  /// RFC 9110, section 6.4.1.
  @Test(arguments: [("HEAD", "200", false), ("GET", "204", false), ("GET", "304", false), ("GET", "200", true)])
  func someResponsesHaveNoBody(method: String, status: String, hasBody: Bool) throws {
    let bench = try SessionBench.started()
    let fields = request.map { $0.name == ":method" ? HeaderField(":method", method) : $0 }
    try bench.feed(.headers(1, fields, end: true))
    bench.stream(1).body = [1, 2, 3]
    bench.stream(1).isBodyComplete = true
    bench.respond(1, HeaderFields([":status", status]), body: .length(3))
    let answer = try bench.output()
    #expect(answer.map(\.kind) == (hasBody ? [.headers, .data] : [.headers]))
    #expect(answer.last?.isEnd == true && bench.stream(1).isClosed)
  }

  @Test func aResetOfOurs() throws {
    let bench = try SessionBench.started()
    try bench.feed(.headers(1, request))
    let stream = bench.stream(1)
    bench.abort(1)
    #expect(try bench.output().map { $0.number() } == [8])
    #expect(stream.isClosed && stream.closeCode == .cancel)
    // On a stream that is over, nothing happens any more.
    bench.abort(1)
    bench.respond(1, ok)
    bench.respond(1, ok, body: .unknown)
    bench.resumeBody(1)
    bench.credit(1, 10)
    #expect(try bench.output().isEmpty)
  }

  /// Trap 13: one GOAWAY loses the calls that were on their way.
  @Test func shutdownHasTwoPhases() throws {
    let bench = try SessionBench.started()
    try bench.feed(.headers(1, request))
    bench.session.announceShutdown()
    let notice = try bench.output().sorted { $0.type > $1.type }
    #expect(notice.map(\.kind) == [.goAway, .ping])
    #expect(notice.first?.number() == 0x7fff_ffff)
    #expect(!bench.session.isPingAnswered)
    // A call that was on its way is still taken.
    try bench.feed(.headers(3, request, end: true), Frame(.ping, flags: Frame.ack, notice.last?.payload ?? []))
    #expect(bench.session.isPingAnswered)
    #expect(bench.stream(3).seen == [.head, .end])
    bench.session.refuseNewStreams()
    let last = try bench.output()
    #expect(last.map(\.kind) == [.goAway])
    #expect(last.first?.number() == 3)
    #expect(last.first?.number(at: 4) == 0)
    // A later one is ignored.
    #expect(try bench.answer(.headers(5, request, end: true)).isEmpty)
    #expect(bench.streams[5] == nil)
    bench.respond(3, ok)
    bench.abort(1)
    #expect(!bench.session.isOver)
    _ = try bench.output()
    #expect(bench.session.isOver)
  }

  @Test func theConnectionIsOverWhenThePeerSaysGoodbye() throws {
    let bench = try SessionBench.started()
    try bench.feed(.headers(1, request, end: true), .goAway(last: 0, 0))
    #expect(!bench.session.isOver)
    bench.respond(1, ok)
    #expect(try bench.output().count == 1)
    #expect(bench.session.isOver)
  }

  /// Before the peer can know the limit a stream over it is refused; afterwards it is a broken promise.
  @Test(arguments: [false, true])
  func streamsOverTheLimit(isKnown: Bool) throws {
    let bench = try SessionBench { $0.maximumConcurrentStreams = 2 }
    try bench.feed(Frame.preface + Frame.settings().bytes + (isKnown ? Frame.settingsAck.bytes : []))
    _ = try bench.output()
    let answer = try bench.answer(.headers(1, request), .headers(3, request), .headers(5, request))
    if isKnown {
      #expect(answer.of(.goAway).map { $0.number(at: 4) } == [1])
    } else {
      #expect(answer.of(.rstStream).map(\.stream) == [5])
      #expect(answer.of(.rstStream).map { $0.number() } == [7])
    }
    #expect(!bench.stream(1).isClosed && !bench.stream(3).isClosed)
    #expect(bench.streams[5]?.seen.contains(.head) != true)
  }
}
