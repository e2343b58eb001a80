/// The user after which a page begins, by the key of its order.
public enum UserCursor: Sendable, Hashable {
  case createTime(Int64, UserID)
  /// The normal form.
  case email(String)
  case id(UserID)
}

/// Which users to read.
public struct UserPageQuery: Sendable, Hashable {
  /// The order of the list.
  public var order: UserOrder
  /// Whether deleted users are in the list.
  public var showDeleted: Bool
  /// Where the page begins, by the key of `order`; nil: at the start.
  public var cursor: UserCursor?
  /// The most users on the page; at least 1.
  public var limit: Int
  /// In bytes, roughly as in protobuf: the page ends before its users exceed this size, so that users with many labels
  /// don't make a response that clients refuse. A page has at least one user, if there is one.
  public var byteLimit: Int

  /// A query for one page. A limit below 1 counts as 1.
  public init(
    order: UserOrder, showDeleted: Bool = false, cursor: UserCursor? = nil, limit: Int, byteLimit: Int = 3 << 20
  ) {
    self.order = order
    self.showDeleted = showDeleted
    self.cursor = cursor
    self.limit = max(1, limit)
    self.byteLimit = byteLimit
  }
}

/// Some users, and where the next page begins.
public struct UserPage: Sendable, Hashable {
  /// In the order of the query.
  public var users: [UserRecord]
  /// Nil if there are no more.
  public var next: UserCursor?

  /// A page that was read.
  public init(users: [UserRecord], next: UserCursor?) {
    self.users = users
    self.next = next
  }
}
