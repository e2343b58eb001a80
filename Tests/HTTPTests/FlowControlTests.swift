import HTTP
import TestPeer
import Testing

/// Windows: credit follows consumption for a stream, reception for the connection.
@Suite struct FlowControlTests {
  private let request = Peer.request("/a.B/C")

  private func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0) } }

  private func credit(_ frames: [Frame], _ stream: UInt32) -> Int {
    frames.of(.windowUpdate, stream: stream).reduce(0) { $0 + Int($1.number()) }
  }

  @Test func aStreamIsCreditedWhenItsBytesAreTaken() throws {
    let bench = try SessionBench.started { $0.streamWindow = 1000 }
    #expect(try bench.answer(.headers(1, request), .data(1, bytes(1000))).of(.windowUpdate, stream: 1).isEmpty)
    bench.credit(1, 1000)
    #expect(try bench.output().of(.windowUpdate, stream: 1).map { $0.number() } == [1000])
  }

  @Test func theConnectionIsCreditedAtOnce() throws {
    let bench = try SessionBench.started { $0.streamWindow = 1 << 20 }
    var credited = 0
    for id in stride(from: UInt32(1), to: 129, by: 2) {
      try bench.feed(.headers(id, request))
      for _ in 0..<4 { credited += credit(try bench.answer(.data(id, bytes(16_384))), 0) }
    }
    // Four mebibytes went through a window of one; at most half of that is still owed.
    #expect(credited >= 64 * 4 * 16_384 - (1 << 19))
  }

  /// Padding and its length byte are part of the window, though nobody takes them.
  @Test func paddingIsCredited() throws {
    let bench = try SessionBench.started { $0.streamWindow = 1000 }
    try bench.feed(.headers(1, request))
    for _ in 0..<100 {
      let answer = try bench.answer(.data(1, [1], padding: 255))
      #expect(answer.of(.rstStream).isEmpty && answer.of(.goAway).isEmpty)
      bench.credit(1, 1)
    }
    #expect(bench.stream(1).received.count == 100)
  }

  @Test func moreThanTheWindowIsTheStreamsError() throws {
    let bench = try SessionBench.started { $0.streamWindow = 1000 }
    let answer = try bench.answer(.headers(1, request), .headers(3, request), .data(1, bytes(1001)))
    #expect(answer.of(.rstStream, stream: 1).map { $0.number() } == [3])
    #expect(answer.of(.goAway).isEmpty)
    #expect(bench.stream(1).isClosed)
    #expect(!bench.stream(3).isClosed)
  }

  /// Trap 10, as far as the session goes.
  @Test func aBodyLargerThanTheWindowGoesThrough() throws {
    let bench = try SessionBench.started { $0.streamWindow = 1000 }
    try bench.feed(.headers(1, request))
    let body = bytes(100_000)
    var window = 1000
    var sent = 0
    while sent < body.count {
      let count = min(window, 333, body.count - sent)
      try #require(count > 0, "the window stays shut")
      try bench.feed(.data(1, Array(body[sent..<(sent + count)])))
      sent += count
      bench.credit(1, count)
      window += credit(try bench.output(), 1) - count
    }
    #expect(bench.stream(1).received == body)
  }

  /// Trap 9: what nobody took is given back to the connection when the stream ends; also what came after our reset.
  @Test func aStreamThatIsResetKeepsNothingOfTheConnection() throws {
    let bench = try SessionBench.started {
      $0.connectionWindow = 65_535
      $0.streamWindow = 65_535
    }
    var window = 65_535
    for id in stride(from: UInt32(1), to: 101, by: 2) {
      try #require(window >= 10_100, "the connection's window stays shut")
      try bench.feed(.headers(id, request), .data(id, bytes(10_000)))
      bench.abort(Int32(id))
      let answer = try bench.output()
      window += credit(answer + (try bench.answer(.data(id, bytes(100)))), 0) - 10_100
    }
  }

  @Test func aResponseWaitsForThePeersWindow() throws {
    let bench = try SessionBench()
    let frames: [Frame] = [.settings([(4, 10)]), .settingsAck, .headers(1, request, end: true)]
    try bench.feed(Frame.preface + frames.flatMap(\.bytes))
    let stream = bench.stream(1)
    stream.body = bytes(25)
    stream.isBodyComplete = true
    stream.responseTrailers = HeaderFields(["grpc-status", "0"])
    bench.respond(1, HeaderFields([":status", "200"]), body: .unknown)
    #expect(try bench.output().of(.data).map(\.payload.count) == [10])
    #expect(try bench.answer(.windowUpdate(1, 10)).map(\.payload.count) == [10])
    #expect(!stream.isClosed)
    let end = try bench.answer(.windowUpdate(1, 10))
    #expect(end.of(.data).map(\.payload.count) == [5])
    #expect(end.last?.field("grpc-status") == "0")
    #expect(end.last?.isEnd == true)
    #expect(stream.isClosed && stream.closeCode == .noError)
  }
}
