/// Makes text that a peer sent safe to quote in error messages, log lines and header fields.
package enum PeerText {
  /// The most bytes that are quoted, in UTF-8.
  package static let limit = 200

  /// The text, cut after at most `limit` bytes at a whole character. An ellipsis marks the cut. Control characters,
  /// which could start a new line of a log, become U+FFFD.
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
