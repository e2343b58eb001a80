@testable import HTTP
import TestPeer
import Testing

/// gRFC A8: how often a client may ping.
@Suite struct PingGuardTests {
  private let policy = PingPolicy(interval: 300, intervalWithoutCalls: 7200, strikes: 2)

  /// The place of the first ping that is one too many.
  private func refusal(at times: [UInt64], hasCalls: Bool = true, hasAnswered: Bool = false) -> Int? {
    var pings = PingGuard(policy)
    return times.firstIndex { !pings.ping(now: $0, hasCalls: hasCalls, hasAnswered: hasAnswered) }
  }

  @Test func theFirstIsFreeAndTwoMayComeTooEarly() {
    #expect(refusal(at: [0, 1, 2]) == nil)
    #expect(refusal(at: [0, 1, 2, 3]) == 3)
  }

  @Test(arguments: [(299, 3), (300, nil), (301, nil)] as [(UInt64, Int?)])
  func theIntervalIsInclusive(interval: UInt64, expected: Int?) {
    #expect(refusal(at: (0..<10).map { $0 * interval }) == expected)
  }

  @Test(arguments: [(7199, 3), (7200, nil)] as [(UInt64, Int?)])
  func withoutCallsAnotherIntervalCounts(interval: UInt64, expected: Int?) {
    #expect(refusal(at: (0..<10).map { $0 * interval }, hasCalls: false) == expected)
  }

  /// A client that measures its bandwidth pings whenever it was sent something.
  @Test func whatWasSentForgives() {
    #expect(refusal(at: Array(repeating: 0, count: 1000), hasAnswered: true) == nil)
    var pings = PingGuard(policy)
    for round in 0..<100 {
      let isAllowed = pings.ping(now: 0, hasCalls: true, hasAnswered: round % 3 == 0)
      #expect(isAllowed)
    }
  }

  @Test func aClockThatGoesBackIsAStrikeAtMost() {
    #expect(refusal(at: [1000, 0, 1000]) == nil)
  }

  @Test func theConnectionIsToldWhy() throws {
    let bench = try SessionBench.started { $0.pings = PingPolicy(interval: 1, intervalWithoutCalls: .max, strikes: 2) }
    let error = #expect(throws: HTTP2Error.self) { try bench.feed((0..<4).flatMap { Frame.ping($0).bytes }) }
    #expect(error?.isAbusive == true)
    let goAway = try #require(try bench.output().of(.goAway).first)
    #expect(goAway.number(at: 4) == 0xb)
    #expect(String(decoding: goAway.payload.dropFirst(8), as: UTF8.self) == "too_many_pings")
  }
}

/// What a session tells of its peer's progress.
@Suite struct ProgressTests {
  private let request = HeaderEncoder.encode(Peer.request("/a.B/C"))

  @Test func settingsAreNoticed() throws {
    let bench = try SessionBench()
    #expect(!bench.session.hasSettings)
    try bench.feed(Frame.preface)
    #expect(!bench.session.hasSettings)
    try bench.feed(Frame.settings().bytes)
    #expect(bench.session.hasSettings)
  }

  /// A byte at a time: the section is open from its frame's head to its last byte.
  @Test func aHeaderSectionIsOpenUntilItsLastByte() throws {
    let bench = try SessionBench.started()
    for stream in [UInt32(1), 3] {
      let bytes = Frame(.headers, flags: Frame.endHeaders, stream: stream, request).bytes
      for (place, byte) in bytes.enumerated() {
        try bench.feed([byte], now: 100 + UInt64(stream))
        let isOpen = place >= 8 && place < bytes.count - 1
        #expect(bench.session.headersSince == (isOpen ? 100 + UInt64(stream) : nil), "at \(place)")
      }
    }
  }

  @Test func itsTimeIsThatOfItsFirstFrame() throws {
    let bench = try SessionBench.started()
    try bench.feed(Frame(.headers, stream: 1, Array(request.prefix(10))).bytes, now: 5)
    #expect(bench.session.headersSince == 5)
    try bench.feed(Frame(.continuation, stream: 1, Array(request[10..<20])).bytes, now: 6)
    #expect(bench.session.headersSince == 5)
    try bench.feed(Frame(.continuation, flags: Frame.endHeaders, stream: 1, Array(request[20...])).bytes, now: 7)
    #expect(bench.session.headersSince == nil)
  }

  /// Slow bodies are no slow headers, and what nghttp2 ignores is over too.
  @Test func otherFramesDoNotCount() throws {
    let bench = try SessionBench.started()
    try bench.feed(Frame(.headers, flags: Frame.endHeaders, stream: 1, request).bytes)
    try bench.feed(Array(Frame.data(1, [1, 2, 3]).bytes.dropLast()), now: 9)
    #expect(bench.session.headersSince == nil)
    try bench.feed([3])
    try bench.feed(Array(Frame(type: 0x77, [1, 2]).bytes.dropLast()), now: 9)
    #expect(bench.session.headersSince == nil)
    try bench.feed([2])
    // A section that is refused in its middle, and one of a stream that comes too late.
    let refused = HeaderEncoder.encode([["Upper", "x"]]) + request
    try bench.feed(Array(Frame(.headers, flags: Frame.endHeaders, stream: 5, refused).bytes.dropLast()))
    _ = try bench.output()
    #expect(bench.session.headersSince == nil)
    try bench.feed([request[request.count - 1]])
    bench.session.refuseNewStreams()
    _ = try bench.output()
    try bench.feed(Array(Frame(.headers, flags: Frame.endHeaders, stream: 7, request).bytes.dropLast()), now: 9)
    #expect(bench.session.headersSince == nil)
  }

  @Test func aSessionIsIdleFromTheEndOfItsLastStream() throws {
    let bench = try SessionBench.started()
    #expect(bench.session.idleSince == 0)
    try bench.feed(Frame(.headers, flags: Frame.endHeaders, stream: 1, request).bytes, now: 3)
    #expect(bench.session.idleSince == nil)
    try bench.feed(Frame.reset(1, 8).bytes, now: 7)
    #expect(bench.session.idleSince == 7)
  }
}
