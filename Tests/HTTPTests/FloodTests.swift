import HTTP
import TestPeer
import TestSupport
import Testing

/// Good frames, far too many of them; and bytes that are no frames at all.
@Suite struct FloodTests {
  private let request = Peer.request("/a.B/C")

  /// Trap 7: PINGs whose answers nobody reads.
  @Test func pingsAreToldApart() throws {
    let bench = try SessionBench.started()
    let pings = (0..<2_000).flatMap { Frame.ping($0).bytes }
    let error = #expect(throws: HTTP2Error.self) { try bench.feed(pings) }
    #expect(error?.isFlooded == true)
  }

  /// Trap 4: a header block without an end.
  @Test func continuationsEndTheConnection() throws {
    let bench = try SessionBench.started()
    try bench.feed(Frame(.headers, stream: 1, HeaderEncoder.encode(request)))
    var isRefused = false
    for _ in 0..<10_000 where !isRefused {
      do {
        isRefused = try !bench.answer(Frame(.continuation, stream: 1, HeaderEncoder.encode([["a", "b"]]))).of(.goAway)
          .isEmpty
      } catch is HTTP2Error {
        isRefused = true
      }
    }
    #expect(isRefused)
  }

  @Test func randomBytesAreAnErrorAtMost() throws {
    var random = SeededGenerator(seed: 1)
    for round in 0..<400 {
      let bench = round % 2 == 0 ? try SessionBench() : try SessionBench.started()
      let bytes = (0..<Int.random(in: 1...600, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      feedAnything(bench, bytes, &random)
    }
  }

  /// Good conversations with a few bytes changed, which come much further than noise.
  @Test func damagedConversationsAreAnErrorAtMost() throws {
    var random = SeededGenerator(seed: 2)
    let frames: [Frame] = [
      .settings([(4, 100)]), .settingsAck, .headers(1, request), .data(1, grpcFrame([1, 2, 3])), .windowUpdate(1, 10),
      .headers(3, request, end: true), .ping(1), .data(1, [1], padding: 3), .reset(3, 8),
      .headers(5, request + [["k", "v"]]), .headers(1, [["t", "v"]], end: true), .windowUpdate(0, 5),
      .goAway(last: 0, 0),
    ]
    for _ in 0..<1_500 {
      var bytes = frames.flatMap(\.bytes)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
        }
      }
      feedAnything(try SessionBench(), Frame.preface + bytes, &random)
    }
  }

  /// Feeds in random portions, answers what gets through, and stops at the first error.
  private func feedAnything(_ bench: SessionBench, _ bytes: [UInt8], _ random: inout SeededGenerator) {
    var rest = bytes[...]
    do {
      while !rest.isEmpty {
        let piece = Array(rest.prefix(Int.random(in: 1...200, using: &random)))
        rest = rest.dropFirst(piece.count)
        try bench.feed(piece)
        for exchange in bench.session.exchanges where Bool.random(using: &random) {
          bench.stream(exchange.id).isBodyComplete = true
          bench.session.respond(exchange, HeaderFields([":status", "200"]), body: .unknown)
        }
        _ = try bench.output()
      }
    } catch {
      _ = try? bench.output()
    }
  }
}
