/// What became of the streams that the peer opened last. nghttp2 forgets a stream when it is closed, and can't tell one
/// that its sender ended from one that we ended while frames were on their way. RFC 9113, section 5.1.
///
/// Of a stream that is 256 or more places behind the newest nothing is known, so nobody is accused wrongly.
struct StreamHistory {
  enum State: UInt8 {
    /// Passed over: closed when a stream with a greater number was opened. RFC 9113, section 5.1.1.
    case skipped
    case open
    /// The peer sent END_STREAM or RST_STREAM: it may send neither DATA nor HEADERS any more.
    case endedByPeer
    /// We ended it, by RST_STREAM or GOAWAY, before the peer did: what comes was on its way.
    case endedByUs
    /// Not opened yet.
    case idle
    case forgotten
  }

  private static let places: Int32 = 256
  private var states = InlineArray<256, State>(repeating: .skipped)
  private var newest: Int32 = -1

  /// - Parameter id: odd, as the streams that clients open are.
  @inline(__always)
  func state(of id: Int32) -> State {
    let age = (newest - id) >> 1
    guard age >= 0 else { return .idle }
    return age < Self.places ? states[Self.place(of: id)] : .forgotten
  }

  /// Opens a stream that is idle.
  @inline(__always)
  mutating func open(_ id: Int32, as state: State) {
    if id != newest + 2 { skip(to: id) }
    newest = id
    states[Self.place(of: id)] = state
  }

  @inline(__always)
  mutating func peerEnded(_ id: Int32) {
    let state = state(of: id)
    if state == .open || state == .endedByUs { states[Self.place(of: id)] = .endedByPeer }
  }

  /// False if the peer had ended the stream before, or nothing is known of it.
  mutating func weEnded(_ id: Int32) -> Bool {
    guard state(of: id) == .open else { return false }
    states[Self.place(of: id)] = .endedByUs
    return true
  }

  @inline(never)
  private mutating func skip(to id: Int32) {
    var skipped = max(newest + 2, id - 2 * (Self.places - 1))
    while skipped < id {
      states[Self.place(of: skipped)] = .skipped
      skipped += 2
    }
  }

  @inline(__always)
  private static func place(of id: Int32) -> Int { Int((id >> 1) & (places - 1)) }
}
