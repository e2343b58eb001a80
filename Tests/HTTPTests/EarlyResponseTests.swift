import TestPeer
import Testing

@testable import HTTP

/// Responses that are complete before their requests. RFC 9113, section 8.1.
@Suite struct EarlyResponseTests {
  private let request = Peer.request("/a.B/C")

  private func answered(now: UInt64 = 0) throws -> SessionBench {
    let bench = try SessionBench.started()
    try bench.feed(Frame.headers(1, request).bytes, now: now)
    bench.respond(1, HeaderFields([":status", "200"]))
    #expect(try bench.output().map(\.kind) == [.headers])
    return bench
  }

  @Test func aClientMayEndItsRequest() throws {
    let bench = try answered()
    #expect(try bench.answer(.data(1, [1, 2, 3]), .data(1, [], end: true)).isEmpty)
    #expect(bench.stream(1).isClosed && bench.stream(1).received.isEmpty)
    #expect(bench.stream(1).log == [.head, .closed])
  }

  @Test func aClientMayEndItByTrailers() throws {
    let bench = try answered()
    #expect(try bench.answer(.headers(1, [["x", "y"]], end: true)).isEmpty)
    #expect(bench.stream(1).log == [.head, .closed])
  }

  @Test func aClientThatGoesOnSendingIsReset() throws {
    let bench = try answered()
    #expect(try bench.answer(.data(1, [UInt8](repeating: 0, count: 16_383))).isEmpty)
    let answer = try bench.answer(.data(1, [0]))
    #expect(answer.map(\.kind) == [.rstStream] && answer.last?.number() == 0)
    #expect(bench.stream(1).isClosed)
    // What was on its way is ignored.
    #expect(try bench.answer(.data(1, [1, 2, 3], end: true)).isEmpty)
  }

  @Test func aSilentClientIsReset() throws {
    let bench = try answered(now: 1000)
    bench.session.stopRequests(answeredBefore: 1000)
    #expect(try bench.output().isEmpty)
    bench.session.stopRequests(answeredBefore: 1001)
    #expect(try bench.output().map { $0.number() } == [0])
    #expect(bench.session.exchanges.isEmpty)
  }

  @Test func tooManyAreReset() throws {
    let bench = try SessionBench.started()
    for stream in stride(from: UInt32(1), through: 33, by: 2) {
      try bench.feed(.headers(stream, request))
      bench.respond(Int32(stream), HeaderFields([":status", "200"]))
      let resets = try bench.output().of(.rstStream)
      #expect(resets.count == (stream < 33 ? 0 : 17) && resets.allSatisfy { $0.number() == 0 })
    }
    #expect(bench.session.exchanges.isEmpty)
  }

  @Test func aServerThatStopsResetsThem() throws {
    let bench = try answered()
    try bench.feed(.headers(3, request))
    bench.session.refuseNewStreams()
    #expect(try bench.output().of(.rstStream).map(\.stream) == [1])
    bench.respond(3, HeaderFields([":status", "200"]))
    #expect(try bench.output().map(\.kind) == [.headers, .rstStream])
    #expect(bench.session.isOver)
  }

  /// The client was answered: its RST_STREAM is no rapid reset.
  @Test func cancelsOfAnsweredCallsAreFree() throws {
    let bench = try SessionBench.started()
    for stream in stride(from: UInt32(1), to: 6_001, by: 2) {
      try bench.feed(.headers(stream, request))
      bench.respond(Int32(stream), HeaderFields([":status", "200"]))
      #expect(try bench.output().map(\.kind) == [.headers])
      try bench.feed(.reset(stream, 8))
    }
    #expect(try bench.answer(.ping(1)).map(\.kind) == [.ping])
  }

  /// What is wrong with the rest of a request is told while its stream exists.
  @Test(arguments: [
    ("padding", [Frame(.data, flags: Frame.padded, stream: 1, [200, 1])], [UInt32]()),
    ("no increment", [.windowUpdate(1, 0)], []), ("overflow", [.windowUpdate(1, 0x7fff_ffff)], [3]),
    ("a pseudo-header in trailers", [.headers(1, [[":path", "/x"]], end: true)], [1]),
  ])
  func faultsAreStillFaults(name: String, frames: [Frame], codes: [UInt32]) throws {
    let bench = try answered()
    let answer = try bench.answer(frames)
    if codes.isEmpty {
      #expect(answer.of(.goAway).map { $0.number(at: 4) } == [1], "\(name)")
    } else {
      #expect(answer.of(.rstStream).map { $0.number() } == codes, "\(name)")
    }
  }
}
