/// Where one-time tokens are kept: part of every `AccountStore`. The rules of `AccountStore` hold here too.
///
/// A token can be used until its time is over, once, while its user is neither deleted nor disabled and has the email
/// that it had when the token was made. Those that change a password or an email also need the password to be the same.
public protocol OneTimeTokenStore: Sendable {
  /// Makes a token without a secret, and the event that says so.
  /// - Returns: false, and nothing happens, if there is no such user, the user is deleted or disabled, has got
  ///   `OneTimeTokenLimits.perHour` tokens of this purpose within an hour, or another user has the new email.
  nonisolated(nonsending) func makeToken(_ token: NewOneTimeToken, deadline: UInt64?) async throws(StoreError) -> Bool

  /// Gives a token its secret, whose hash this is. Only the first claim succeeds.
  nonisolated(nonsending) func claimToken(
    _ proof: OneTimeProof, deadline: UInt64?
  ) async throws(StoreError) -> OneTimeClaim

  /// A token that can be used now; nil if there is none with this secret and purpose.
  nonisolated(nonsending) func token(
    _ proof: OneTimeProof, for purpose: OneTimePurpose, deadline: UInt64?
  ) async throws(StoreError) -> OneTimeTokenRecord?

  /// Uses the token of a password reset: sets the password, ends all sessions, and marks the email as verified.
  /// - Parameter hash: the text of a `PasswordHash`.
  /// - Returns: nil if the token can't be used.
  nonisolated(nonsending) func resetPassword(
    by proof: OneTimeProof, to hash: String, deadline: UInt64?
  ) async throws(StoreError) -> AccountChange?

  /// Uses the token of an email verification. Nil if it can't be used.
  nonisolated(nonsending) func verifyEmail(
    by proof: OneTimeProof, deadline: UInt64?
  ) async throws(StoreError) -> AccountRecord?

  /// Uses the token of an email change, and marks the new email as verified. Nil if the token can't be used.
  /// - Throws: `alreadyExists` if another user has the email by now.
  nonisolated(nonsending) func changeEmail(
    by proof: OneTimeProof, deadline: UInt64?
  ) async throws(StoreError) -> AccountRecord?
}

/// What a one-time token is for. The numbers are stored.
public enum OneTimePurpose: Int, Sendable, Hashable, CaseIterable {
  /// To show that an email is the user's.
  case emailVerification = 1
  /// To set a new password without the old one.
  case passwordReset = 2
  /// To show that a new email is the user's, and to change to it.
  case emailChange = 3

  /// How long a token lasts, in seconds.
  public var lifetime: Int64 { self == .emailVerification ? 86_400 : 3600 }
}

/// How many one-time tokens are made.
public enum OneTimeTokenLimits {
  /// For a user and a purpose, within an hour: so that nobody can fill another's mailbox.
  public static let perHour = 5
}

/// A one-time token that is to be made.
public struct NewOneTimeToken: Sendable, Hashable {
  /// Whose it is.
  public enum Owner: Sendable, Hashable {
    case user(UserID)
    /// Of the user who has this email, if there is one.
    case email(EmailAddress)
  }

  /// Its id, which is no secret.
  public var id: UserID
  /// What it is for.
  public var purpose: OneTimePurpose
  /// Whose it is.
  public var owner: Owner
  /// Of an email change: the new email.
  public var newEmail: EmailAddress?
  /// Who asked for it; nil: nobody who was identified.
  public var author: Author?

  /// A token without a secret.
  public init(
    id: UserID, purpose: OneTimePurpose, owner: Owner, newEmail: EmailAddress? = nil, author: Author? = nil
  ) {
    self.id = id
    self.purpose = purpose
    self.owner = owner
    self.newEmail = newEmail
    self.author = author
  }
}

/// A one-time token, as it is stored.
public struct OneTimeTokenRecord: Sendable, Hashable {
  /// Whose it is.
  public var userID: UserID
  /// What it is for.
  public var purpose: OneTimePurpose
  /// Where it is sent.
  public var email: String
  /// Until when it can be used, in microseconds since 1970.
  public var expireTime: Int64

  /// A token as a store has it.
  public init(userID: UserID, purpose: OneTimePurpose, email: String, expireTime: Int64) {
    self.userID = userID
    self.purpose = purpose
    self.email = email
    self.expireTime = expireTime
  }
}

/// What a claim of a one-time token finds.
public enum OneTimeClaim: Sendable, Hashable {
  /// The token, which has its secret from now on.
  case claimed(OneTimeTokenRecord)
  /// It had one before.
  case claimedBefore
  /// There is none, or its time is over.
  case none
}
