internal import CNGHTTP2

/// How far a connection's peer has come: what its owner's timers ask. Times are CLOCK_MONOTONIC in nanoseconds.
struct Progress {
  /// Bytes received.
  var position = 0
  /// Where the last frame that began ends. Behind the preface (RFC 9113, section 3.4) at first.
  private var frameEnd = 24
  private var isHeaderFrame = false
  private var isBlockOpen = false
  private var headersBegan: UInt64 = 0
  /// The peer's SETTINGS came.
  var hasSettings = false
  /// When the last stream ended; without streams, since when there is none.
  var idleSince: UInt64

  init(now: UInt64) { idleSince = now }

  /// nghttp2 does not say whether it is in the middle of a frame: where it will end does.
  @inline(__always)
  mutating func frameBegan(_ header: nghttp2_frame_hd, now: UInt64) {
    frameEnd &+= 9 &+ header.length
    let type = UInt32(header.type)
    let isHeaders = type == NGHTTP2_HEADERS.rawValue
    isHeaderFrame = isHeaders || type == NGHTTP2_CONTINUATION.rawValue
    guard isHeaderFrame else { return }
    isBlockOpen = UInt32(header.flags) & NGHTTP2_FLAG_END_HEADERS.rawValue == 0
    if isHeaders { headersBegan = now }
  }

  /// When the header section began whose end has not come; nil if there is none.
  var headersSince: UInt64? {
    isBlockOpen || (isHeaderFrame && position < frameEnd) ? headersBegan : nil
  }
}

extension HTTP2Session {
  /// The peer's SETTINGS, the second part of its preface, came.
  public var hasSettings: Bool { progress.hasSettings }
  /// When the header section began whose end has not come; nil if there is none.
  public var headersSince: UInt64? { progress.headersSince }
  /// Since when there is no stream; nil if there is one.
  public var idleSince: UInt64? { streams.isEmpty ? progress.idleSince : nil }
}
