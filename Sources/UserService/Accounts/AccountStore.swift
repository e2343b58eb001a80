/// Where passwords and sessions are kept. The checks of `AccountStoreContract`, in the tests, hold every store to it.
///
/// The rules of `UserStore` hold here too: each write is one atomic step, a read sees every write that was answered
/// before, deadlines are CLOCK_MONOTONIC in nanoseconds. A deleted user has no account.
public protocol AccountStore: OneTimeTokenStore {
  /// The account of a user; nil if there is no such user.
  nonisolated(nonsending) func account(of user: UserID, deadline: UInt64?) async throws(StoreError) -> AccountRecord?

  /// The account of the user with this email; nil if there is none.
  nonisolated(nonsending) func account(
    email: EmailAddress, deadline: UInt64?
  ) async throws(StoreError) -> AccountRecord?

  /// Sets a password, and ends all sessions of the user.
  /// - Parameters:
  ///   - hash: the text of a `PasswordHash`.
  ///   - expecting: what must be stored before; nil: anything.
  ///   - kept: the session that goes on.
  /// - Throws: `notFound`, `isDeleted`; `versionMismatch` if something else is stored.
  nonisolated(nonsending) func setPassword(
    of user: UserID, hash: String, expecting: String?, keeping kept: SessionID?, deadline: UInt64?
  ) async throws(StoreError) -> AccountChange

  /// Replaces a hash by another one of the same password. Nothing happens if something else is stored by now.
  nonisolated(nonsending) func replaceHash(
    of user: UserID, _ old: String, by new: String, deadline: UInt64?
  ) async throws(StoreError)

  /// Disables a user and ends all of its sessions, or enables it again. Disabling twice keeps the first time.
  /// - Throws: `notFound`, `isDeleted`.
  nonisolated(nonsending) func setDisabled(
    _ isDisabled: Bool, user: UserID, deadline: UInt64?
  ) async throws(StoreError) -> AccountChange

  /// Begins a session. Of a user's sessions only the newest `SessionLimits.perUser` go on.
  /// - Throws: `notFound`, `isDeleted`; `versionMismatch` if the user is disabled or has another password than `hash`
  ///   by now.
  nonisolated(nonsending) func createSession(
    _ session: NewSession, hash: String, deadline: UInt64?
  ) async throws(StoreError) -> (session: SessionRecord, ended: [SessionID])

  /// A session, ended or not; nil if there is none.
  nonisolated(nonsending) func session(_ id: SessionID, deadline: UInt64?) async throws(StoreError) -> SessionRecord?

  /// Gives a session its next refresh token.
  /// - Parameters:
  ///   - generation: of the token that is used.
  ///   - hash: of its successor.
  /// - Returns: nil if the session has another generation by now, or has ended.
  nonisolated(nonsending) func refresh(
    _ id: SessionID, generation: Int64, hash: [UInt8], deadline: UInt64?
  ) async throws(StoreError) -> SessionRecord?

  /// Ends a session.
  /// - Parameter user: whose it must be; nil: anybody's.
  /// - Returns: whether it has ended by this call.
  nonisolated(nonsending) func endSession(
    _ id: SessionID, of user: UserID?, deadline: UInt64?
  ) async throws(StoreError) -> Bool

  /// Ends all sessions of a user. Returns those that have ended by this call.
  nonisolated(nonsending) func endSessions(of user: UserID, deadline: UInt64?) async throws(StoreError) -> [SessionID]

  /// The active sessions of a user, the newest first.
  nonisolated(nonsending) func sessions(of user: UserID, deadline: UInt64?) async throws(StoreError) -> [SessionRecord]

  /// The sessions that were ended, or whose users were deleted, within the last so many seconds.
  nonisolated(nonsending) func endedSessions(
    within seconds: Int64, deadline: UInt64?
  ) async throws(StoreError) -> [SessionID]

  /// The secret that refresh tokens are derived from. It is part of the store's data: all processes get the same.
  nonisolated(nonsending) func refreshKey(deadline: UInt64?) async throws(StoreError) -> [UInt8]
}

/// How long sessions last.
public enum SessionLimits {
  /// How long a session lasts after it was last refreshed, in seconds.
  public static let lifetime: Int64 = 30 * 86_400
  /// How many active sessions a user may have.
  public static let perUser = 100
  /// How long an access token lasts, in seconds.
  public static let accessTokenLifetime: Int64 = 900
  /// How long after the first use of its successor a refresh token is still answered, in seconds.
  static let grace: Int64 = 10
}
