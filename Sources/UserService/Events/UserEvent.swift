/// A change of a user, as the store's feed has it. It holds no personal data.
public struct UserEvent: Sendable, Hashable {
  /// What was done.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    case created, updated, deleted, undeleted, purged
    /// A one-time token was made for the user, which is no change of it.
    case tokenMade = "token_made"
  }

  /// Where it stands in the feed.
  public var position: FeedPosition
  /// Whose change it is.
  public var userID: UserID
  /// What was done.
  public var kind: Kind
  /// The user's version after the change; of a purge, one more than the last one.
  public var version: Int64
  /// Of an update: the fields that it set. Of a token: its id alone. Empty otherwise.
  public var fields: [String]
  /// Who did it; nil: the service itself, or nobody who was identified.
  public var author: Author?
  /// When, by the database's clock, in microseconds since the Unix epoch.
  public var time: Int64

  /// An event as the store read it.
  public init(
    position: FeedPosition, userID: UserID, kind: Kind, version: Int64, fields: [String] = [], author: Author?,
    time: Int64
  ) {
    self.position = position
    self.userID = userID
    self.kind = kind
    self.version = version
    self.fields = fields
    self.author = author
    self.time = time
  }
}

extension UserChange {
  /// The names of the fields that it changes, as the contract has them.
  public var fields: [String] {
    [email.map { _ in "email" }, name.map { _ in "name" }, changesLabels ? "labels" : nil].compactMap { $0 }
  }
}
