/// What the comments of a .proto file say of its messages, fields, enums and methods. Descriptors don't have them; the
/// generator writes them where it is told to (`Comments=true`), for what documents a service at run time.
///
/// ```swift
/// ProtoComments.users_v1_users["users.v1.User.id"]  // "A UUID in …"
/// ```
public struct ProtoComments: Sendable {
  private var texts: [String: String] = [:]

  /// No comments.
  ///
  /// ```swift
  /// var comments = ProtoComments()
  /// ```
  public init() {}

  /// As in generated code: a line with the full name of a symbol, then the lines of its comment, each behind a `|` and
  /// a space.
  ///
  /// ```swift
  /// let comments = ProtoComments("""
  ///   example.Point.x
  ///   | To the east.
  ///   """)
  /// ```
  public init(_ text: String) {
    var symbol: Substring?
    var lines: [Substring] = []
    func end(_ texts: inout [String: String]) {
      if let symbol { texts[String(symbol)] = lines.joined(separator: "\n") }
    }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      guard line.first != "|" else {
        lines.append(line.dropFirst(line.hasPrefix("| ") ? 2 : 1))
        continue
      }
      end(&texts)
      symbol = line
      lines = []
    }
    end(&texts)
  }

  /// The comment of a symbol, by its full name: `users.v1.User.id`. A value of an enum is named behind its enum:
  /// `users.v1.User.State.STATE_ACTIVE`.
  ///
  /// ```swift
  /// comments["example.Point.x"]  // "To the east."
  /// ```
  public subscript(symbol: String) -> String? { texts[symbol] }

  /// Adds those of another file.
  ///
  /// ```swift
  /// comments.merge(.users_v1_users)
  /// ```
  public mutating func merge(_ other: ProtoComments) {
    texts.merge(other.texts) { _, new in new }
  }
}
