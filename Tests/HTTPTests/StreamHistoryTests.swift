import Testing

@testable import HTTP

@Suite struct StreamHistoryTests {
  @Test func whatBecameOfStreams() {
    var streams = StreamHistory()
    #expect(streams.state(of: 1) == .idle)
    for id in [Int32(1), 3, 7] { streams.open(id, as: .open) }
    streams.open(9, as: .endedByPeer)
    streams.peerEnded(3)
    let seven = streams.weEnded(7)
    #expect(seven)
    #expect(
      [1, 3, 5, 7, 9, 11].map { streams.state(of: $0) } == [
        .open, .endedByPeer, .skipped, .endedByUs, .endedByPeer, .idle,
      ])
  }

  @Test func theFirstEndOfAStreamCounts() {
    var streams = StreamHistory()
    streams.open(1, as: .open)
    streams.open(3, as: .open)
    streams.peerEnded(1)
    let isOurs2 = streams.weEnded(1)
    #expect(!isOurs2)
    #expect(streams.state(of: 1) == .endedByPeer)
    // The peer may end what we have ended, and has then ended it, too.
    let isOurs3 = streams.weEnded(3)
    #expect(isOurs3)
    let isOurs4 = streams.weEnded(3)
    #expect(!isOurs4)
    streams.peerEnded(3)
    #expect(streams.state(of: 3) == .endedByPeer)
  }

  @Test func streamsThatAreIdleOrSkippedDoNotEnd() {
    var streams = StreamHistory()
    streams.peerEnded(1)
    let isOurs5 = streams.weEnded(1)
    #expect(!isOurs5)
    streams.open(5, as: .open)
    streams.peerEnded(3)
    let isOurs6 = streams.weEnded(3)
    #expect(!isOurs6)
    #expect(streams.state(of: 3) == .skipped)
  }

  @Test func nothingIsKnownOfOldStreams() {
    var streams = StreamHistory()
    for id in stride(from: Int32(1), through: 511, by: 2) { streams.open(id, as: .endedByPeer) }
    #expect(streams.state(of: 1) == .endedByPeer)
    streams.open(513, as: .open)
    #expect(streams.state(of: 1) == .forgotten)
    #expect(streams.state(of: 3) == .endedByPeer)
    streams.peerEnded(1)
    let isOurs7 = streams.weEnded(1)
    #expect(!isOurs7)
    // Stream 1 had the place of 513.
    #expect(streams.state(of: 513) == .open)
  }

  @Test(arguments: [515, 1001, 1025, 0x7fff_ffff] as [Int32]) func aGapIsSkipped(id: Int32) {
    var streams = StreamHistory()
    for id in stride(from: Int32(1), through: 511, by: 2) { streams.open(id, as: .open) }
    streams.open(id, as: .open)
    for skipped in stride(from: max(513, id - 510), to: id, by: 2) { #expect(streams.state(of: skipped) == .skipped) }
    #expect(streams.state(of: id) == .open)
    #expect(streams.state(of: id - 512) == .forgotten)
  }
}
