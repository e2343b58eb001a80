/// A user as it is stored.
///
/// It lacks the email's normal form, which only the store's indexes use, and for which each read would pay.
public struct UserRecord: Sendable, Hashable {
  /// Never changes.
  public var id: UserID
  /// As the user wrote it.
  public var email: String
  /// The name for display; not unique.
  public var name: String
  /// The caller's own keys and values.
  public var labels: [String: String]
  /// Microseconds since the Unix epoch, by the database's clock; so are all times here.
  public var createTime: Int64
  /// When it was last changed; equal to `createTime` before the first change.
  public var updateTime: Int64
  /// Nil while the user is not deleted.
  public var deleteTime: Int64?
  /// When a deleted user may be erased for good; nil while the user is not deleted.
  public var purgeTime: Int64?
  /// 1 when created, one more with each change.
  public var version: Int64

  /// The most labels of a user.
  public static let maximumLabels = FieldRules.maximumLabels

  /// Whether the user is deleted; it may be undeleted until `purgeTime`.
  public var isDeleted: Bool { deleteTime != nil }

  /// A user as the store read it. Nothing is checked.
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

  /// The first version of a user.
  /// - Parameter time: the database's clock, in microseconds since the Unix epoch.
  public init(created user: NewUser, at time: Int64) {
    self.init(
      id: user.id, email: user.email.address, name: user.name, labels: user.labels, createTime: time, updateTime: time)
  }
}

extension UserRecord {
  /// Roughly its size as a message: what counts against the size of a page.
  public var approximateSize: Int {
    labels.reduce(130 + email.utf8.count + name.utf8.count) { $0 + 8 + $1.key.utf8.count + $1.value.utf8.count }
  }
}

/// A user to be created. All fields are validated.
public struct NewUser: Sendable, Hashable {
  /// The id that it gets.
  public var id: UserID
  /// The caller chose the id: it may be taken.
  public var isIDChosen: Bool
  /// The address, and its normal form, which must be unique.
  public var email: EmailAddress
  /// The name for display.
  public var name: String
  /// The caller's own keys and values.
  public var labels: [String: String]

  /// A user of validated fields.
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
  /// The new address.
  public var email: EmailAddress?
  /// The new name.
  public var name: String?
  /// All new labels: they replace the old ones.
  public var labels: [String: String]?
  /// Labels to set. They are set after `labels`, if both are given.
  public var setLabels: [String: String] = [:]
  /// Keys of labels to remove. No key is in `setLabels` too.
  public var removedLabels: Set<String> = []

  /// A change of the fields that are given.
  public init(email: EmailAddress? = nil, name: String? = nil, labels: [String: String]? = nil) {
    self.email = email
    self.name = name
    self.labels = labels
  }

  /// Whether it names no field.
  public var isEmpty: Bool { email == nil && name == nil && labels == nil && !changesSingleLabels }

  /// Whether it changes labels, all or single ones.
  public var changesLabels: Bool { labels != nil || changesSingleLabels }

  /// Whether it changes labels one by one.
  public var changesSingleLabels: Bool { !setLabels.isEmpty || !removedLabels.isEmpty }

  /// The labels of a user after the change.
  public func labels(from old: [String: String]) -> [String: String] {
    var labels = self.labels ?? old
    for (key, value) in setLabels { labels[key] = value }
    for key in removedLabels { labels[key] = nil }
    return labels
  }
}

/// One change of a batch.
public struct UserUpdate: Sendable, Hashable {
  /// Whom it changes.
  public var id: UserID
  /// What it changes.
  public var change: UserChange
  /// The version that it accepts.
  public var expecting: VersionCondition

  /// A change of a user.
  public init(_ id: UserID, _ change: UserChange, expecting: VersionCondition) {
    self.id = id
    self.change = change
    self.expecting = expecting
  }
}
