/// The id of a session: a UUID.
public struct SessionID: Sendable, Hashable, CustomStringConvertible {
  /// The UUID.
  public let uuid: UserID

  /// The session with this UUID.
  public init(_ uuid: UserID) { self.uuid = uuid }

  /// Nil if the text is no UUID.
  public init?(_ text: String) {
    guard let uuid = UserID(text) else { return nil }
    self.uuid = uuid
  }

  /// The text form of the UUID.
  public var description: String { uuid.description }
}

/// A sign-in, as it is stored. Times are in microseconds since 1970, by the store's clock.
public struct SessionRecord: Sendable, Hashable {
  /// Its id, which is no secret.
  public var id: SessionID
  /// Whose it is.
  public var userID: UserID
  /// When it began.
  public var createTime: Int64
  /// When its current refresh token was made: the moment at which the one before was first used.
  public var refreshTime: Int64
  /// When it ends unless it is refreshed before.
  public var expireTime: Int64
  /// Counts its refresh tokens: that of the current one.
  public var generation: Int64
  /// The hash of the current refresh token.
  public var tokenHash: [UInt8]
  /// Whether somebody has ended it, or its user is disabled or deleted.
  public var isRevoked: Bool
  /// When the record was read.
  public var readTime: Int64

  /// A session as a store has it.
  public init(
    id: SessionID, userID: UserID, createTime: Int64, refreshTime: Int64, expireTime: Int64, generation: Int64,
    tokenHash: [UInt8], isRevoked: Bool, readTime: Int64
  ) {
    self.id = id
    self.userID = userID
    self.createTime = createTime
    self.refreshTime = refreshTime
    self.expireTime = expireTime
    self.generation = generation
    self.tokenHash = tokenHash
    self.isRevoked = isRevoked
    self.readTime = readTime
  }

  /// Whether it can still be used.
  public var isActive: Bool { !isRevoked && readTime < expireTime }
}

/// A session that begins.
public struct NewSession: Sendable, Hashable {
  /// Its id.
  public var id: SessionID
  /// Whose it is.
  public var userID: UserID
  /// The hash of its first refresh token.
  public var tokenHash: [UInt8]

  /// A session that begins with its first refresh token.
  public init(id: SessionID, userID: UserID, tokenHash: [UInt8]) {
    self.id = id
    self.userID = userID
    self.tokenHash = tokenHash
  }
}
