/// Some of the streams that the peer itself ended last, by END_STREAM or RST_STREAM: DATA and HEADERS on them break the
/// protocol (RFC 9113, section 5.1). nghttp2 forgets streams that are closed.
///
/// Streams that we ended are not among them: frames that were on their way are no fault. A stream is forgotten when one
/// 64 places later ends; nghttp2 ignores such frames then. So nobody is ever accused wrongly.
struct ClosedStreams {
  private var ids = InlineArray<64, Int32>(repeating: 0)

  mutating func insert(_ id: Int32) { ids[Self.place(of: id)] = id }

  func contains(_ id: Int32) -> Bool { id != 0 && ids[Self.place(of: id)] == id }

  /// Clients number their streams by odd ids.
  private static func place(of id: Int32) -> Int { Int(id >> 1) & 63 }
}
