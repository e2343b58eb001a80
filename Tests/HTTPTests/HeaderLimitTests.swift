import HTTP
import TestPeer
import Testing

/// Trap 5: a byte on the wire becomes a header field. What is over the limits is counted, and not stored.
@Suite struct HeaderLimitTests {
  private let base = Peer.request("/a.B/C")

  private func head(_ fields: [HeaderField], listSize: Int = 16_384, fieldCount: Int = 128) throws -> HeaderBlock {
    let bench = try SessionBench.started {
      $0.headerLimits = HeaderLimits(listSize: listSize, fieldCount: fieldCount)
    }
    try bench.feed(.headers(1, fields, end: true))
    #expect(bench.stream(1).seen == [.head, .end])
    return bench.stream(1).head
  }

  @Test(arguments: [-32, -1, 0])
  func aListUpToTheLimitIsStored(over: Int) throws {
    let fields = base + [["k", "v"]]
    let head = try head(fields, listSize: fields.weight - over)
    #expect(!head.isOverLimit)
    #expect(head.fields == fields)
  }

  @Test(arguments: [1, 2, 32, 33])
  func aListOverTheLimitIsNot(over: Int) throws {
    let fields = base + [["k", "v"]]
    let head = try head(fields, listSize: fields.weight - over)
    #expect(head.isOverLimit)
    #expect(head.fields.isEmpty)
    #expect(head.withPath { $0.count } == 0)
  }

  @Test(arguments: [(-1, false), (0, false), (1, true)])
  func fieldsAreCountedToo(over: Int, isOver: Bool) throws {
    let fields = base + (0..<50).map { HeaderField("a", "\($0)") }
    let head = try head(fields, fieldCount: fields.count - over)
    #expect(head.isOverLimit == isOver)
    #expect(head.fields == (isOver ? [] : fields))
  }

  @Test func trailersHaveTheSameLimits() throws {
    let bench = try SessionBench.started { $0.headerLimits = HeaderLimits(listSize: 1000, fieldCount: 10) }
    try bench.feed(.headers(1, base), .headers(1, [["big", String(repeating: "x", count: 1000)]], end: true))
    #expect(!bench.stream(1).head.isOverLimit)
    #expect(bench.stream(1).trailers?.isOverLimit == true)
    #expect(bench.stream(1).trailers?.fields == [])
  }

  /// 16 KiB of one-byte fields ("accept-encoding: gzip, deflate", index 16 of the static table).
  @Test func aBombOfIndexedFieldsIsNotStored() throws {
    let bench = try SessionBench.started()
    let block = HeaderEncoder.encode(base)
    let bomb = block + [UInt8](repeating: 0x90, count: 16_384 - block.count)
    try bench.feed(Frame(.headers, flags: Frame.endHeaders | Frame.endStream, stream: 1, bomb))
    #expect(bench.stream(1).head.isOverLimit)
    #expect(bench.stream(1).head.fields.isEmpty)
    // The connection's compression state is whole: the next request is read as ever.
    try bench.feed(.headers(3, base, end: true))
    #expect(bench.stream(3).head.fields == base)
  }

  @Test func theLimitsAreAnnounced() throws {
    let bench = try SessionBench {
      $0.headerLimits = HeaderLimits(listSize: 1234, fieldCount: 10)
      $0.maximumConcurrentStreams = 17
      $0.streamWindow = 4321
    }
    let settings = try #require(try bench.output().of(.settings).first)
    let values = stride(from: 0, to: settings.payload.count, by: 6).reduce(into: [UInt8: UInt32]()) {
      $0[settings.payload[$1 + 1]] = settings.number(at: $1 + 2)
    }
    #expect(values == [3: 17, 4: 4321, 6: 1234, 9: 1])
  }
}
