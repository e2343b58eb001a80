/// The user after which a page begins, by the key of its order.
public enum UserCursor: Sendable, Hashable {
  case createTime(Int64, UserID)
  /// The normal form.
  case email(String)
  case id(UserID)
  case updateTime(Int64, UserID)
  case name(String, UserID)
  case deleteTime(Int64, UserID)
}

/// Which users a list holds, by whether they are deleted.
public enum UserStates: UInt8, Sendable, CaseIterable {
  /// Those that are not deleted.
  case live = 0
  /// All.
  case all = 1
  /// Only deleted ones.
  case deleted = 2

  /// Whether a list of these states has a user.
  public func contains(isDeleted: Bool) -> Bool {
    switch self {
    case .live: !isDeleted
    case .all: true
    case .deleted: isDeleted
    }
  }
}

/// A half-open range of the field that a list is ordered by.
public enum UserRange: Sendable, Hashable {
  /// For orders by a time.
  case times(TimeRange)
  /// For the order by name: from the first up to, and without, the second, by code points.
  case names(String, String)
}

/// A label that all users of a list have.
public struct UserLabel: Sendable, Hashable {
  /// The label's key.
  public var key: String
  /// The label's value.
  public var value: String

  /// A label.
  public init(key: String, value: String) {
    self.key = key
    self.value = value
  }
}

/// Which users to read.
public struct UserPageQuery: Sendable, Hashable {
  /// The order of the list.
  public var order: UserOrder
  /// Whether deleted users are in the list. The order by deletion has only deleted ones in any case.
  public var states: UserStates
  /// The values of the order's field that are in the list; nil: all.
  public var range: UserRange?
  /// The label that all users of the list have; nil: none. Only in the order by creation.
  public var label: UserLabel?
  /// Where the page begins, by the key of `order`; nil: at the start. It lies in `range`.
  public var cursor: UserCursor?
  /// The most users on the page; at least 1.
  public var limit: Int
  /// In bytes, roughly as in protobuf: the page ends before its users exceed this size, so that users with many labels
  /// don't make a response that clients refuse. A page has at least one user, if there is one.
  public var byteLimit: Int

  /// A query for one page. A limit below 1 counts as 1.
  public init(
    order: UserOrder, states: UserStates, range: UserRange? = nil, label: UserLabel? = nil, cursor: UserCursor? = nil,
    limit: Int, byteLimit: Int = 3 << 20
  ) {
    self.order = order
    self.states = states
    self.range = range
    self.label = label
    self.cursor = cursor
    self.limit = max(1, limit)
    self.byteLimit = byteLimit
  }

  /// A query for one page of the users that are not deleted, or of all.
  public init(
    order: UserOrder, showDeleted: Bool = false, cursor: UserCursor? = nil, limit: Int, byteLimit: Int = 3 << 20
  ) {
    self.init(
      order: order, states: showDeleted ? .all : .live, cursor: cursor, limit: limit, byteLimit: byteLimit)
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
