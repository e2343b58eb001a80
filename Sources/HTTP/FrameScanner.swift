/// Finds the heads of the frames in what a peer sends, which may come in pieces of any size. It copies no payload.
struct FrameScanner {
  /// Bytes to pass over before the next head: the rest of a payload, or of the preface.
  private var skipping: Int
  /// A head that the end of a piece has cut.
  private var partial = InlineArray<13, UInt8>(repeating: 0)
  private var partialCount = 0
  /// Where the frame of the last head begins in the piece that holds its last byte; 0 if it began in an earlier piece.
  private(set) var frameStart = 0

  /// - Parameter preface: bytes before the first frame.
  init(preface: Int) { skipping = preface }

  /// The next head that `bytes` complete, or nil once they are used up. `offset` is the scanner's: 0 at first.
  @inline(__always)
  mutating func next(in bytes: UnsafeRawBufferPointer, at offset: inout Int) -> FrameHead? {
    if partialCount == 0 {
      let start = offset + skipping
      if bytes.count - start >= FrameHead.prioritySize {
        let head = FrameHead(bytes, at: start)
        frameStart = start
        offset = start + FrameHead.size
        skipping = head.length
        return head
      }
    }
    return collect(bytes, &offset)
  }

  /// Near the end of a piece, and at the beginning of the next: byte by byte.
  @inline(never)
  private mutating func collect(_ bytes: UnsafeRawBufferPointer, _ offset: inout Int) -> FrameHead? {
    let skipped = min(skipping, bytes.count - offset)
    offset += skipped
    skipping -= skipped
    frameStart = partialCount == 0 ? offset : 0
    while offset < bytes.count {
      partial[partialCount] = bytes[offset]
      partialCount += 1
      offset += 1
      guard partialCount >= FrameHead.size else { continue }
      let head = partial.span.withUnsafeBytes { FrameHead($0, at: 0) }
      guard partialCount == FrameHead.prioritySize || !head.hasDependency else { continue }
      skipping = head.length - (partialCount - FrameHead.size)
      partialCount = 0
      return head
    }
    return nil
  }
}
