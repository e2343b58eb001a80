/// A path of a field mask into a user: a field, or one label. https://google.aip.dev/161
enum FieldPath: Sendable, Hashable {
  case field(String)
  /// `labels.team`, or labels.`a.b` for a key with characters that a path can't have without quotes.
  case label(String)

  /// Nil if it is a path into labels that is malformed, or names a key that no label may have.
  init?(_ path: String) {
    let prefix = "labels."
    guard path.utf8.starts(with: prefix.utf8) else {
      self = .field(path)
      return
    }
    var key = path.utf8.dropFirst(prefix.utf8.count)
    if key.first == UInt8(ascii: "`") {
      guard key.count > 2, key.last == UInt8(ascii: "`") else { return nil }
      key = key.dropFirst().dropLast()
    } else {
      // `.` would begin the next part of a path. The others are what an identifier may not have; `-` is common in keys
      // and means nothing else here.
      guard !key.contains(UInt8(ascii: ".")), !key.contains(UInt8(ascii: "/")) else { return nil }
    }
    let text = String(Substring(key))
    guard FieldRules.isLabelKey(text) else { return nil }
    self = .label(text)
  }
}
