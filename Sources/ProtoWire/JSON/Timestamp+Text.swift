extension Google_Protobuf_Timestamp {
  /// Reads a time as RFC 3339 writes it, as ProtoJSON does: with `T`, with `Z` or an offset, and with at most nine
  /// digits of a second's fraction. Nil if it is another text, or not within the years 1 to 9999.
  public init?(rfc3339 text: String) {
    var text = text
    guard let time = text.withUTF8({ JSONTime.timestamp($0) }) else { return nil }
    self.init()
    (seconds, nanos) = time
  }
}
