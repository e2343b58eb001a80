/// How a user signs in, as it is stored.
public struct AccountRecord: Sendable, Hashable {
  /// The user that it belongs to.
  public var userID: UserID
  /// The text of a `PasswordHash`; nil without a password.
  public var passwordHash: String?
  /// When the password was set, in microseconds since 1970.
  public var passwordTime: Int64?
  /// When the user was disabled, in microseconds since 1970; nil while it is not.
  public var disableTime: Int64?
  /// When the user showed that its current email is its own, in microseconds since 1970; nil if it has not.
  public var emailVerifyTime: Int64?

  /// An account as a store has it.
  public init(
    userID: UserID, passwordHash: String? = nil, passwordTime: Int64? = nil, disableTime: Int64? = nil,
    emailVerifyTime: Int64? = nil
  ) {
    self.userID = userID
    self.passwordHash = passwordHash
    self.passwordTime = passwordTime
    self.disableTime = disableTime
    self.emailVerifyTime = emailVerifyTime
  }
}

/// An account after a change, and the sessions that the change has ended.
public struct AccountChange: Sendable, Hashable {
  /// As it is now.
  public var account: AccountRecord
  /// The sessions that have ended by the change.
  public var endedSessions: [SessionID]

  /// A change that a store has made.
  public init(account: AccountRecord, endedSessions: [SessionID]) {
    self.account = account
    self.endedSessions = endedSessions
  }
}
