/// The order of a list of users. Every order ends in a unique field, so that a page can continue where another one
/// ended.
public struct UserOrder: Sendable, Hashable {
  /// What users are ordered by.
  public enum Key: UInt8, Sendable, CaseIterable {
    /// By creation, users of the same microsecond by id.
    case createTime = 1
    /// By the email's normal form, byte by byte. It is unique.
    case email = 2
    /// By id: what an export reads.
    case id = 3
    /// By the last change, users of the same microsecond by id. A user that is changed moves to the end.
    case updateTime = 4
    /// By the name's code points, users of the same name by id.
    case name = 5
    /// By deletion, users of the same microsecond by id. Lists only deleted users.
    case deleteTime = 6
  }

  /// What users are ordered by.
  public var key: Key
  /// Whether the greatest comes first.
  public var isDescending: Bool

  /// An order by a key, ascending unless said otherwise.
  public init(_ key: Key, isDescending: Bool = false) {
    self.key = key
    self.isDescending = isDescending
  }

  /// Reads `order_by` as in AIP-132: a field, then `desc`, `asc` or nothing, with any white space. Empty means
  /// `create_time`. Nil if it is anything else.
  public init?(orderBy text: String) {
    let words = text.utf8.split(whereSeparator: { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") })
    guard words.count <= 2 else { return nil }
    guard let field = words.first else {
      self.init(.createTime)
      return
    }
    let key: Key
    switch String(Substring(field)) {
    case "create_time": key = .createTime
    case "email": key = .email
    case "update_time": key = .updateTime
    case "name": key = .name
    case "delete_time": key = .deleteTime
    default: return nil
    }
    switch words.count == 2 ? String(Substring(words[1])) : "asc" {
    case "asc": self.init(key)
    case "desc": self.init(key, isDescending: true)
    default: return nil
    }
  }
}
