/// A scope: the name of something that a caller may do. RFC 6749, section 3.3.
package enum Scope {
  /// Whether a text is a scope: printable ASCII without spaces, quotes and backslashes.
  package static func isValid(_ text: some StringProtocol) -> Bool {
    !text.isEmpty
      && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
  }
}
