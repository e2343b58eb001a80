/// The streams that the peer itself ended last, by END_STREAM or RST_STREAM: DATA and HEADERS on them break the protocol (RFC 9113,
/// section 5.1). nghttp2 forgets streams that are closed.
///
/// Streams that we ended are not among them: frames that were on their way are no fault. Nor are older ones, for whom nghttp2
/// ignores such frames. So nobody is ever accused wrongly.
struct ClosedStreams {
  private var ids = SIMD16<Int32>(repeating: 0)
  private var next = 0

  mutating func insert(_ id: Int32) {
    ids[next] = id
    next = (next + 1) % ids.scalarCount
  }

  func contains(_ id: Int32) -> Bool { any(ids .== id) }
}
