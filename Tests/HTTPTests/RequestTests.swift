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
    #expect(bench.session.exchanges.count == 2)
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
    let teller = Teller()
    let session = try HTTP2ServerSession(configuration: .init(), delegate: teller)
    let frames: [Frame] = [.settings(), .headers(1, fields), .headers(3, fields), .data(1, [1]), .headers(5, fields)]
    try (Frame.preface + frames.flatMap(\.bytes)).withUnsafeBytes { try session.receive($0) }
    #expect(teller.told.isEmpty)
    session.drainEvents()
    #expect(teller.told.map(\.id) == [1, 3, 5])
    session.drainEvents()
    #expect(teller.told.count == 3)
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
    #expect(bench.session.exchanges.map(\.id).sorted() == [3, 5])
    try bench.feed(.headers(7, fields), .reset(7, 0), .reset(5, 7))
    #expect(bench.stream(7).log == [[.head, .closed]])
    #expect(bench.session.exchanges.map(\.id) == [3])
  }

  /// An exchange that was told as closed serves a later stream, and nothing of the one before is left in it.
  @Test func anExchangeIsUsedAgain() throws {
    let teller = Teller()
    let session = try HTTP2ServerSession(configuration: .init(), delegate: teller)
    func receive(_ frames: Frame..., start: [UInt8] = []) throws {
      try (start + frames.flatMap(\.bytes)).withUnsafeBytes { try session.receive($0) }
    }
    try receive(.settings(), .headers(1, fields), .data(1, [], end: true), .reset(1, 8), start: Frame.preface)
    let first = teller.exchanges.removeValue(forKey: 1).map { ObjectIdentifier($0) }
    session.drainEvents()
    #expect(teller.told.map(\.events) == [[.head, .end, .closed]])
    try receive(.headers(3, fields))
    let second = try #require(teller.exchanges[3])
    #expect(ObjectIdentifier(second) == first)
    #expect(second.id == 3 && !second.isClosed && !second.isRemoteClosed && second.closeCode == .noError)
    // One that somebody keeps is not used again.
    try receive(.reset(3, 8))
    session.drainEvents()
    try receive(.headers(5, fields))
    #expect(teller.exchanges[5] !== second && second.id == 3 && second.isClosed)
  }

  /// The end of a connection is told to each handler once, also of streams that were closed just before.
  @Test func theEndIsToldOnce() throws {
    let teller = Teller()
    let session = try HTTP2ServerSession(configuration: .init(), delegate: teller)
    let frames: [Frame] = [.settings(), .headers(1, fields), .headers(3, fields), .reset(3, 8), .headers(5, fields)]
    try (Frame.preface + frames.flatMap(\.bytes)).withUnsafeBytes { try session.receive($0) }
    session.end()
    session.end()
    session.drainEvents()
    #expect(teller.told.map(\.id).sorted() == [1, 3, 5])
    #expect(teller.told.allSatisfy { $0.events == .closed })
    #expect(teller.exchanges.values.allSatisfy { $0.isClosed && $0.handler == nil && $0.closeCode == .cancel })
  }
}

/// The delegate of a session, which notes what the handlers are told.
private final class Teller: HTTPServerSessionDelegate {
  final class Handler: HTTPExchangeHandler {
    let id: Int32
    unowned let teller: Teller

    init(_ id: Int32, _ teller: Teller) {
      self.id = id
      self.teller = teller
    }

    func receiveBody(_ bytes: UnsafeRawBufferPointer) {}
    func writeBody(into buffer: UnsafeMutableRawBufferPointer) -> (count: Int, state: HTTPExchange.BodyState) {
      (0, .end(trailers: nil))
    }
    func handle(_ events: HTTPExchange.Events) { teller.told.append((id, events)) }
  }

  var told: [(id: Int32, events: HTTPExchange.Events)] = []
  var exchanges: [Int32: HTTPExchange] = [:]

  func makeHandler(for exchange: HTTPExchange) -> any HTTPExchangeHandler {
    exchanges[exchange.id] = exchange
    return Handler(exchange.id, self)
  }
}
