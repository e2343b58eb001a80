/// Sees the head of each frame that a server sends before nghttp2 does, and charges what costs the server little and
/// its client much: nghttp2 drops frames of unknown types and frames on closed streams without telling anybody.
struct ResponseFrameInspector {
  private var scanner = FrameScanner(preface: 0)

  /// Looks at what came, until a budget is spent.
  /// - Parameter isOpen: whether a stream is open, as far as nghttp2 has seen the bytes.
  /// - Returns: how many of the bytes nghttp2 may see.
  mutating func inspect(
    _ bytes: UnsafeRawBufferPointer, _ abuse: inout AbuseGuard, now: UInt64, isOpen: (Int32) -> Bool
  ) -> Int {
    var offset = 0
    while let head = scanner.next(in: bytes, at: &offset) {
      switch head.type {
      case FrameHead.data:
        if !isOpen(head.stream) {
          abuse.lateFrame(head.length, now: now)
        } else if !head.endsStream, head.length < AbuseGuard.smallFrame {
          abuse.smallDataFrame(now: now)
        }
      case FrameHead.headers: if !isOpen(head.stream) { abuse.lateFrame(0, now: now) }
      // nghttp2 limits how many there are.
      case FrameHead.continuation: continue
      // Those on open streams end them: there are no more than requests.
      case FrameHead.rstStream: if !isOpen(head.stream) { abuse.controlFrame(now: now) }
      default: abuse.controlFrame(now: now)
      }
      if abuse.verdict != nil { return scanner.frameStart }
    }
    return bytes.count
  }
}
