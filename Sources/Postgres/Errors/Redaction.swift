/// Cuts values out of what the server says, so that errors can be logged and handed on.
enum Redaction {
  /// "Key (email)=(a@b.example) already exists." becomes "Key (email)=(…)".
  static func detail(_ text: String) -> String {
    for marker in ["=(", "contains ("] {
      if let range = firstRange(of: marker, in: text) { return text[..<range] + "…)" }
    }
    return text
  }

  /// Data errors (class 22) quote the value: `invalid input syntax for type uuid: "abc"`.
  static func message(_ text: String, sqlState: String) -> String {
    guard sqlState.hasPrefix("22") else { return text }
    guard let quote = text.firstIndex(of: "\"") else { return text }
    return text[..<quote] + "…"
  }

  /// The end of the first `marker`.
  private static func firstRange(of marker: String, in text: String) -> String.Index? {
    var start = text.startIndex
    while start < text.endIndex {
      if text[start...].hasPrefix(marker) { return text.index(start, offsetBy: marker.count) }
      start = text.index(after: start)
    }
    return nil
  }
}
