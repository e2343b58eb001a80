/// How far a connection's peer has come: what its owner's timers ask. Times are CLOCK_MONOTONIC in nanoseconds.
struct Progress {
  /// The stream whose header section began and has not ended; 0 if there is none. A section that nghttp2 skips is not
  /// noted: nothing is kept of it.
  var headersStream: Int32 = 0
  private var headersBegan: UInt64 = 0
  /// The peer's SETTINGS came.
  var hasSettings = false
  /// When the last stream ended; without streams, since when there is none.
  var idleSince: UInt64

  init(now: UInt64) { idleSince = now }

  @inline(__always)
  mutating func headersBegan(_ stream: Int32, now: UInt64) {
    headersStream = stream
    headersBegan = now
  }

  var headersSince: UInt64? { headersStream == 0 ? nil : headersBegan }
}

extension HTTP2ServerSession {
  /// The peer's SETTINGS, the second part of its preface, came.
  public var hasSettings: Bool { progress.hasSettings }
  /// When the header section began whose end has not come; nil if there is none.
  public var headersSince: UInt64? { progress.headersSince }
  /// Since when there is no stream; nil if there is one.
  public var idleSince: UInt64? { exchanges.isEmpty ? progress.idleSince : nil }
}
