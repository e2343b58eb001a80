/// Sees the head of each frame that a client sends before nghttp2 does. nghttp2 drops frames of unknown types and DATA
/// on closed streams without telling anybody. The inspector charges them, and refuses them where RFC 9113 says so.
///
/// Whether a frame breaks a rule depends on what the client sent before, and not on how its bytes were cut into pieces
/// or on what the server did meanwhile: a client that races with our RST_STREAM is never at fault.
struct FrameInspector {
  private var scanner = FrameScanner(preface: 24)
  private var streams = StreamHistory()
  /// GOAWAY is sent: nghttp2 ignores streams that are opened now.
  private var isRefusing = false
  /// The rule of section 5.1 or 5.3.1 that the client broke: the connection must end.
  private(set) var violation: (code: HTTP2ErrorCode, reason: StaticString)?

  /// Looks at what came, until a frame ends the connection.
  /// - Parameter isOpen: asked for streams that are too old to be known here.
  /// - Returns: how many of the bytes nghttp2 may see: all before that frame.
  mutating func inspect(
    _ bytes: UnsafeRawBufferPointer, _ abuse: inout AbuseGuard, now: UInt64, isOpen: (Int32) -> Bool
  ) -> Int {
    var offset = 0
    while let head = scanner.next(in: bytes, at: &offset) {
      switch head.type {
      case FrameHead.data: data(head, &abuse, now, isOpen)
      case FrameHead.headers: headers(head, &abuse, now, isOpen)
      case FrameHead.continuation: continue
      case FrameHead.rstStream:
        if Self.isOfClient(head.stream) { streams.peerEnded(head.stream) }
        abuse.peerReset(now: now)
      case FrameHead.priority:
        priority(head)
        abuse.controlFrame(now: now)
      default: abuse.controlFrame(now: now)
      }
      if violation != nil || abuse.verdict != nil { return scanner.frameStart }
    }
    return bytes.count
  }

  /// RST_STREAM was sent.
  /// - Returns: whether the client may have been sending.
  mutating func resetSent(_ stream: Int32) -> Bool { Self.isOfClient(stream) && streams.weEnded(stream) }

  /// The GOAWAY that refuses new streams was sent.
  mutating func goAwaySent() { isRefusing = true }

  @inline(__always)
  private mutating func data(
    _ head: FrameHead, _ abuse: inout AbuseGuard, _ now: UInt64, _ isOpen: (Int32) -> Bool
  ) {
    // nghttp2 refuses DATA on stream 0, on a server's stream and on an idle one.
    guard Self.isOfClient(head.stream) else { return }
    switch streams.state(of: head.stream) {
    case .idle: break
    case .open: dataOnOpen(head, &abuse, now)
    case .endedByPeer, .skipped: violation = (.streamClosed, "DATA on a stream that is closed")
    case .endedByUs: late(head, &abuse, now)
    case .forgotten: isOpen(head.stream) ? dataOnOpen(head, &abuse, now) : abuse.lateFrame(head.length, now: now)
    }
  }

  @inline(__always)
  private mutating func dataOnOpen(_ head: FrameHead, _ abuse: inout AbuseGuard, _ now: UInt64) {
    if head.endsStream {
      streams.peerEnded(head.stream)
    } else if head.length < AbuseGuard.smallFrame {
      abuse.smallDataFrame(now: now)
    }
  }

  @inline(__always)
  private mutating func headers(
    _ head: FrameHead, _ abuse: inout AbuseGuard, _ now: UInt64, _ isOpen: (Int32) -> Bool
  ) {
    guard Self.isOfClient(head.stream) else { return }
    switch streams.state(of: head.stream) {
    case .idle:
      streams.open(head.stream, as: head.endsStream ? .endedByPeer : .open)
      if isRefusing { ignored(head, &abuse, now) }
    case .open: if head.endsStream { streams.peerEnded(head.stream) }
    case .endedByPeer: violation = (.streamClosed, "HEADERS on a stream that is closed")
    case .skipped: violation = (.protocolError, "a stream has a smaller number than one before it")
    case .endedByUs: late(head, &abuse, now)
    case .forgotten: if !isOpen(head.stream) { abuse.lateFrame(0, now: now) }
    }
  }

  /// A stream that is opened after GOAWAY.
  private mutating func ignored(_ head: FrameHead, _ abuse: inout AbuseGuard, _ now: UInt64) {
    if streams.weEnded(head.stream) { abuse.endedEarly() }
    abuse.controlFrame(now: now)
  }

  /// A frame on a stream that we ended. A client ends it once at most, so that this costs nothing.
  private mutating func late(_ head: FrameHead, _ abuse: inout AbuseGuard, _ now: UInt64) {
    if head.endsStream { streams.peerEnded(head.stream) }
    let isData = head.type == FrameHead.data
    if isData && head.length > 0 || !head.endsStream { abuse.lateFrame(isData ? head.length : 0, now: now) }
  }

  /// nghttp2 does not look at what the priority tree would be made of. RFC 9113, section 6.3; RFC 7540, section 5.3.1.
  private mutating func priority(_ head: FrameHead) {
    if head.stream == 0 {
      violation = (.protocolError, "PRIORITY on stream 0")
    } else if head.hasDependency, head.dependency == head.stream {
      violation = (.protocolError, "a stream that depends on itself")
    }
  }

  /// Clients open the streams with odd numbers; 0 is the connection.
  @inline(__always)
  private static func isOfClient(_ stream: Int32) -> Bool { stream & 1 == 1 }
}
