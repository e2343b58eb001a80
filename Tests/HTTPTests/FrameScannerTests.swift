import TestPeer
import TestSupport
import Testing

@testable import HTTP

@Suite struct FrameScannerTests {
  /// What a scanner finds in bytes that come in pieces, and where in the whole each frame begins whose head is in one
  /// piece.
  private func scan(_ pieces: [[UInt8]], preface: Int) -> (heads: [FrameHead], starts: [Int]) {
    var scanner = FrameScanner(preface: preface)
    var found: (heads: [FrameHead], starts: [Int]) = ([], [])
    var before = 0
    for piece in pieces {
      piece.withUnsafeBytes { bytes in
        var offset = 0
        while let head = scanner.next(in: bytes, at: &offset) {
          found.heads.append(head)
          found.starts.append(before + scanner.frameStart)
        }
        #expect(offset == bytes.count || bytes.isEmpty || offset <= bytes.count)
      }
      before += piece.count
    }
    return found
  }

  @Test(arguments: [
    (Frame.data(1, [1, 2, 3]), FrameHead(length: 3, type: 0, stream: 1)),
    (Frame.data(0x7fff_ffff, [], end: true), FrameHead(length: 0, type: 0, flags: 1, stream: .max)),
    // The reserved bit says nothing.
    (Frame.data(0x8000_0003, []), FrameHead(length: 0, type: 0, stream: 3)),
    (
      Frame(.priority, stream: 5, [0x80, 0, 0, 7, 16]),
      FrameHead(length: 5, type: 2, stream: 5, dependency: 7)
    ),
    (Frame(.priority, stream: 5, [0, 0, 7]), FrameHead(length: 3, type: 2, stream: 5)),
    (Frame(type: 0xfe, flags: 0xff, [9]), FrameHead(length: 1, type: 0xfe, flags: 0xff, stream: 0)),
    (
      Frame(.headers, flags: 4, stream: 9, [UInt8](repeating: 0, count: 70_000)),
      FrameHead(length: 70_000, type: 1, flags: 4, stream: 9)
    ),
  ])
  func aHead(frame: Frame, head: FrameHead) {
    #expect(scan([frame.bytes], preface: 0).heads == [head])
    #expect(scan([frame.bytes, [0, 0, 0, 6, 0, 0, 0, 0, 0]], preface: 0).heads.map(\.type) == [head.type, 6])
    #expect(scan(frame.bytes.map { [$0] }, preface: 0).heads == [head])
  }

  @Test func aHeadIsFoundWithItsLastByte() {
    let bytes = Frame.data(1, [5]).bytes
    #expect(scan([Array(bytes[..<8])], preface: 0).heads.isEmpty)
    #expect(scan([Array(bytes[..<9])], preface: 0).heads.count == 1)
    // PRIORITY has its dependency behind the nine bytes.
    let priority = Frame(.priority, stream: 1, [0, 0, 0, 3, 16]).bytes
    #expect(scan([Array(priority[..<12])], preface: 0).heads.isEmpty)
    #expect(scan([Array(priority[..<13])], preface: 0).heads.map(\.dependency) == [3])
  }

  @Test func anySplitFindsTheSameHeads() {
    var random = SeededGenerator(seed: 11)
    for _ in 0..<300 {
      let frames = (0..<Int.random(in: 1...20, using: &random)).map { _ in
        Frame(
          type: .random(in: 0...12, using: &random), flags: .random(in: 0...255, using: &random),
          stream: .random(in: 0...0x7fff_ffff, using: &random),
          (0..<Int.random(in: 0...60, using: &random)).map { _ in .random(in: 0...255, using: &random) })
      }
      let bytes = Frame.preface + frames.flatMap(\.bytes)
      let whole = scan([bytes], preface: 24)
      #expect(whole.heads.map(\.length) == frames.map(\.payload.count))
      #expect(whole.heads.map(\.type) == frames.map(\.type))
      #expect(whole.heads.map(\.flags) == frames.map(\.flags))
      #expect(whole.heads.map { UInt32($0.stream) } == frames.map(\.stream))
      #expect(whole.starts == frames.indices.map { 24 + frames[..<$0].reduce(0) { $0 + $1.bytes.count } })
      #expect(scan(bytes.cut(&random), preface: 24).heads == whole.heads)
    }
  }
}

extension [UInt8] {
  /// Cuts the bytes into pieces of random sizes, some of them empty.
  func cut(_ random: inout SeededGenerator) -> [[UInt8]] {
    let largest = Int.random(in: 1...40, using: &random)
    var pieces: [[UInt8]] = []
    var rest = self[...]
    while !rest.isEmpty {
      pieces.append(Array(rest.prefix(.random(in: 0...largest, using: &random))))
      rest = rest.dropFirst(pieces.last?.count ?? 0)
    }
    return pieces
  }
}
