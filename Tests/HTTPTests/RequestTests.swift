import HTTP
import TestPeer
import Testing

/// What a session makes of a request's bytes.
@Suite struct RequestTests {
  private let fields = Peer.request("/a.B/C", [["k", "v"], ["k", ""], ["long", String(repeating: "x", count: 300)]])

  private var conversation: [UInt8] {
    let frames: [Frame] = [
      .settings(), .settingsAck, .headers(1, fields), .data(1, [1, 2, 3]), .data(1, [4], padding: 5),
      .headers(3, fields, end: true), .data(1, []), .ping(7), .data(1, [5], end: true),
    ]
    return Frame.preface + frames.flatMap(\.bytes)
  }

  private func check(_ bench: SessionBench) throws {
    #expect(bench.stream(1).head.fields == fields)
    #expect(bench.stream(1).head.withPath { String(decoding: $0, as: UTF8.self) } == "/a.B/C")
    #expect(bench.stream(1).head.text("k") == "v")
    #expect(bench.stream(1).received == [1, 2, 3, 4, 5])
    #expect(bench.stream(1).seen == [.head, .data, .end])
    #expect(bench.stream(1).isRemoteClosed)
    #expect(bench.stream(3).seen == [.head, .end])
    #expect(bench.session.streams.count == 2)
    #expect(try bench.output().contains { $0.kind == .ping && $0.has(Frame.ack) && $0.number(at: 4) == 7 })
  }

  @Test func aConversationInOnePiece() throws {
    let bench = try SessionBench()
    try bench.feed(conversation)
    try check(bench)
  }

  @Test func aConversationAByteAtATime() throws {
    let bench = try SessionBench()
    for byte in conversation { try bench.feed([byte]) }
    try check(bench)
    #expect(bench.stream(1).log.first == .head)
  }

  @Test func aConversationCutAtManyPlaces() throws {
    let bytes = conversation
    for place in stride(from: 0, to: bytes.count, by: 3) {
      let bench = try SessionBench()
      try bench.feed(Array(bytes[..<place]))
      try bench.feed(Array(bytes[place...]))
      try check(bench)
    }
  }

  @Test func eventsComeInTheOrderOfTheirStreams() throws {
    let bench = try SessionBench.started()
    var order: [Int32] = []
    let frames: [Frame] = [.headers(1, fields), .headers(3, fields), .data(1, [1]), .headers(5, fields)]
    try frames.flatMap(\.bytes).withUnsafeBytes { try bench.session.receive($0) }
    bench.session.drainEvents { stream, _ in order.append(stream.id) }
    #expect(order == [1, 3, 5])
    bench.session.drainEvents { _, _ in Issue.record("news were told twice") }
  }

  @Test func continuationFramesAreJoined() throws {
    let bench = try SessionBench.started()
    let block = HeaderEncoder.encode(fields)
    try bench.feed(
      Frame(.headers, flags: Frame.endStream, stream: 1, Array(block[..<10])),
      Frame(.continuation, stream: 1, Array(block[10..<50])), Frame(.continuation, stream: 1),
      Frame(.continuation, flags: Frame.endHeaders, stream: 1, Array(block[50...])))
    #expect(bench.stream(1).head.fields == fields)
    #expect(bench.stream(1).seen == [.head, .end])
  }

  @Test func trailersEndTheRequest() throws {
    let bench = try SessionBench.started()
    try bench.feed(.headers(1, fields), .data(1, [1]))
    #expect(!bench.stream(1).isRemoteClosed)
    try bench.feed(.headers(1, [["end", "yes"]], end: true))
    #expect(bench.stream(1).head.fields == fields)
    #expect(bench.stream(1).trailers?.fields == [["end", "yes"]])
    #expect(bench.stream(1).seen == [.head, .data, .end])
    #expect(bench.stream(1).isRemoteClosed)
  }

  @Test func aResetClosesTheStreamWithItsCode() throws {
    let bench = try SessionBench.started()
    try bench.feed(.headers(1, fields), .headers(3, fields), .headers(5, fields))
    try bench.feed(.reset(1, 8))
    #expect(bench.stream(1).isClosed)
    #expect(bench.stream(1).closeCode == .cancel)
    #expect(bench.stream(1).log.last == .closed)
    #expect(bench.session.streams.map(\.id).sorted() == [3, 5])
    try bench.feed(.headers(7, fields), .reset(7, 0), .reset(5, 7))
    #expect(bench.stream(7).log == [[.head, .closed]])
    #expect(bench.session.streams.map(\.id) == [3])
  }

  /// The last reference to a stream may be the list of those that have news.
  @Test func aStreamThatIsClosedIsReleasedOnceItWasTold() throws {
    final class Delegate: HTTP2SessionDelegate {
      weak var stream: HTTP2Stream?
      func makeStream(id: Int32) -> HTTP2Stream {
        let made = HTTP2Stream(id: id)
        stream = made
        return made
      }
    }
    let delegate = Delegate()
    let session = try HTTP2Session(configuration: .init(), delegate: delegate)
    let frames: [Frame] = [.settings(), .headers(1, fields), .reset(1, 8)]
    try (Frame.preface + frames.flatMap(\.bytes)).withUnsafeBytes { try session.receive($0) }
    #expect(delegate.stream != nil)
    session.drainEvents { stream, events in
      #expect(stream.id == 1)
      #expect(events == [.head, .closed])
    }
    #expect(delegate.stream == nil)
  }
}
