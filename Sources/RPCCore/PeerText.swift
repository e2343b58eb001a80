/// What a peer sent, as far as messages, log lines and header fields may repeat it.
package enum PeerText {
  /// Bytes that are repeated.
  package static let limit = 200

  /// At most `limit` bytes of the text, in whole characters, with an ellipsis behind them if that is not all of it.
  /// Control characters, which could begin another line of a log, become U+FFFD.
  package static func excerpt(_ text: some StringProtocol) -> String {
    var excerpt = ""
    for scalar in text.unicodeScalars {
      let shown = scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) ? "\u{fffd}" : scalar
      guard excerpt.utf8.count + UTF8.width(shown) <= limit else { return excerpt + "…" }
      excerpt.unicodeScalars.append(shown)
    }
    return excerpt
  }
}
