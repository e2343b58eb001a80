/// A user as it is stored.
///
/// The email's normal form is not part of it: only the store's indexes use it, and each read would pay for it.
public struct UserRecord: Sendable, Hashable {
  public var id: UserID
  /// As the user wrote it.
  public var email: String
  public var name: String
  public var labels: [String: String]
  /// Microseconds since the Unix epoch, by the database's clock; so are all times here.
  public var createTime: Int64
  public var updateTime: Int64
  /// Nil while the user is not deleted.
  public var deleteTime: Int64?
  public var purgeTime: Int64?
  /// 1 when created, one more with each change.
  public var version: Int64

  public var isDeleted: Bool { deleteTime != nil }

  public init(
    id: UserID, email: String, name: String, labels: [String: String], createTime: Int64, updateTime: Int64,
    deleteTime: Int64? = nil, purgeTime: Int64? = nil, version: Int64 = 1
  ) {
    self.id = id
    self.email = email
    self.name = name
    self.labels = labels
    self.createTime = createTime
    self.updateTime = updateTime
    self.deleteTime = deleteTime
    self.purgeTime = purgeTime
    self.version = version
  }
}

extension UserRecord {
  /// Roughly its size as a message: what counts against the size of a page.
  public var approximateSize: Int {
    labels.reduce(130 + email.utf8.count + name.utf8.count) { $0 + 8 + $1.key.utf8.count + $1.value.utf8.count }
  }
}

/// A user that is to be stored: all of it was validated.
public struct NewUser: Sendable, Hashable {
  public var id: UserID
  /// The caller chose the id: it may be taken.
  public var isIDChosen: Bool
  public var email: EmailAddress
  public var name: String
  public var labels: [String: String]

  public init(
    id: UserID, isIDChosen: Bool = true, email: EmailAddress, name: String, labels: [String: String]
  ) {
    self.id = id
    self.isIDChosen = isIDChosen
    self.email = email
    self.name = name
    self.labels = labels
  }
}

/// What an update changes: nil leaves a field as it is, so that an update of one field never undoes another's.
public struct UserChange: Sendable, Hashable {
  public var email: EmailAddress?
  public var name: String?
  public var labels: [String: String]?

  public init(email: EmailAddress? = nil, name: String? = nil, labels: [String: String]? = nil) {
    self.email = email
    self.name = name
    self.labels = labels
  }

  public var isEmpty: Bool { email == nil && name == nil && labels == nil }
}
