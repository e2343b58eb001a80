import TestPeer
import Testing

@testable import HTTP

/// Frames on streams that are closed. RFC 9113, section 5.1.
@Suite struct ClosedStreamTests {
  private static let request = Peer.request("/a.B/C")
  private let ok = HeaderFields([":status", "200"])

  /// A session with a stream that we reset while its client was sending.
  private func benchWithResetStream() throws -> SessionBench {
    let bench = try SessionBench.started()
    try bench.feed(.headers(1, Self.request))
    bench.abort(1)
    #expect(try bench.output().map(\.kind) == [.rstStream])
    return bench
  }

  // MARK: Honest clients that race

  @Test func framesOnAStreamThatWeResetAreIgnored() throws {
    let bench = try benchWithResetStream()
    let answer = try bench.answer(
      .data(1, [1]), .windowUpdate(1, 5), Frame(.priority, stream: 1, [0, 0, 0, 3, 1]),
      .headers(1, [["x", "y"]], end: true), .reset(1, 8), .ping(1))
    #expect(answer.map(\.kind) == [.ping])
  }

  /// All that the window of the stream had room for, in frames as small as may be.
  @Test func aWholeWindowMayHaveBeenOnItsWay() throws {
    let bench = try benchWithResetStream()
    let window = Int(HTTP2ServerConfiguration().streamWindow)
    let frames = Frame.data(1, [1]).bytes
    for _ in 0..<(window / 1024) { try bench.feed((0..<1024).flatMap { _ in frames }) }
    #expect(try bench.answer(.data(1, [], end: true), .ping(1)).of(.goAway).isEmpty)
  }

  /// Again and again: what was allowed to one stream is used up by no other.
  @Test func manyStreamsMayRace() throws {
    let bench = try SessionBench.started()
    for stream in stride(from: UInt32(1), to: 4_001, by: 2) {
      try bench.feed(.headers(stream, Self.request))
      bench.abort(Int32(stream))
      _ = try bench.output()
      try bench.feed(
        (0..<10).flatMap { _ in Frame.data(stream, [1, 2]).bytes } + Frame.data(stream, [], end: true).bytes)
    }
    #expect(try bench.answer(.ping(1)).map(\.kind) == [.ping])
  }

  /// Streams that were opened before the client read GOAWAY, with their bodies.
  @Test func streamsBehindGoAwayAreIgnored() throws {
    let bench = try SessionBench.started()
    try bench.feed(.headers(1, Self.request))
    bench.session.refuseNewStreams()
    _ = try bench.output()
    for stream in stride(from: UInt32(3), to: 515, by: 2) {
      try bench.feed(.headers(stream, Self.request), .data(stream, [1]), .data(stream, [2], end: true))
    }
    #expect(try bench.answer(.ping(1)).map(\.kind) == [.ping])
    #expect(bench.streams.keys.sorted() == [1])
  }

  // MARK: Clients at fault

  /// For 256 streams it is known who ended them.
  @Test func framesOnAStreamThatItsSenderEnded() throws {
    let bench = try SessionBench.started()
    for id in stride(from: UInt32(1), through: 513, by: 2) {
      try bench.feed(.headers(id, Self.request, end: true))
      bench.respond(Int32(id), ok)
      _ = try bench.output()
    }
    #expect(try bench.answer(.headers(1, [["x", "y"]], end: true), .data(1, [1]), .ping(1)).map(\.kind) == [.ping])
    #expect(throws: HTTP2Error.self) { try bench.feed(.data(3, [1])) }
    #expect(try bench.output().of(.goAway).map { $0.number(at: 4) } == [5])
  }

  @Test(arguments: [
    ("empty DATA", [Frame.data(1, [])]),
    ("DATA over the window", [.data(1, [UInt8](repeating: 0, count: 100))]),
    ("trailers without END_STREAM", [.headers(1, [["x", "y"]])]),
    ("unknown types", [Frame(type: 0x42, stream: 1, [1, 2, 3])]),
  ])
  func floodsEndTheConnection(name: String, round: [Frame]) throws {
    let bench = try benchWithResetStream()
    let bytes = round.flatMap(\.bytes)
    try bench.feed((0..<4_000).flatMap { _ in bytes })
    #expect(try bench.output().of(.goAway).isEmpty, "within the budget")
    var error: HTTP2Error?
    for _ in 0..<10_000 where error == nil {
      do { try bench.feed(bytes) } catch let thrown as HTTP2Error { error = thrown }
    }
    #expect(error?.isAbusive == true, "\(name)")
    #expect(try bench.output().of(.goAway).map { $0.number(at: 4) } == [0xb], "\(name)")
  }

  /// nghttp2 processes what came before the frame that ends the connection, and nothing behind it.
  @Test func whatStandsBeforeAFaultIsTaken() throws {
    let bench = try SessionBench.started()
    #expect(throws: HTTP2Error.self) {
      try bench.feed(
        .headers(1, Self.request), .data(1, [7], end: true), .headers(3, Self.request), .data(1, [8]), .data(3, [9]))
    }
    #expect(bench.stream(1).received == [7])
    #expect(bench.stream(3).seen == .head && bench.stream(3).received.isEmpty)
  }
}
