/// Where users are kept. The service knows no more of its database than this. The checks of `StoreContract`, in the
/// tests, hold every store to it.
///
/// Every write is one atomic step: two processes on one store lose no update and never give one email to two users. A
/// read sees every write that was answered before the read began.
///
/// Each write names its author; nil is the service itself.
///
/// A deadline is CLOCK_MONOTONIC in nanoseconds, nil for the store's own limit. Cancelling the caller's task ends the
/// wait; a write may then have happened or not.
public protocol UserStore: Sendable {
  /// Stores a new user.
  /// - Throws: `alreadyExists` with the id or the email, also if a deleted user has it.
  nonisolated(nonsending) func create(
    _ user: NewUser, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord

  /// Returns or throws what `create` would now, without storing anything.
  /// - Throws: as `create`.
  nonisolated(nonsending) func preview(_ user: NewUser, deadline: UInt64?) async throws(StoreError) -> UserRecord

  /// A user by id, deleted or not; nil if there is none.
  nonisolated(nonsending) func find(id: UserID, deadline: UInt64?) async throws(StoreError) -> UserRecord?

  /// A user by its email's normal form, deleted or not; nil if there is none.
  nonisolated(nonsending) func find(
    email: EmailAddress, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord?

  /// Some users in an order, after a cursor.
  nonisolated(nonsending) func page(_ query: UserPageQuery, deadline: UInt64?) async throws(StoreError)
    -> UserPage

  /// The secret key of page tokens. It is part of the store's data: all processes get the same key, at any time.
  nonisolated(nonsending) func pageTokenKey(deadline: UInt64?) async throws(StoreError) -> PageTokenKey

  /// Changes the fields that `change` names, and no others. An empty change checks everything and changes nothing.
  /// - Throws: `notFound`, `isDeleted`, `versionMismatch`, or `alreadyExists` for the email.
  nonisolated(nonsending) func update(
    _ id: UserID, _ change: UserChange, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord

  /// Marks a user as deleted. Its id and email stay taken.
  /// - Throws: `notFound`, `isDeleted` or `versionMismatch`.
  nonisolated(nonsending) func delete(
    _ id: UserID, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord

  /// Undoes a deletion. Possible until the user's purge time.
  /// - Throws: `notFound`, `isExpired` after the purge time, `isNotDeleted` or `versionMismatch`.
  nonisolated(nonsending) func undelete(
    _ id: UserID, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord

  /// Erases a user, deleted or not, with its account and its sessions. Its id and email are free then.
  /// - Throws: `notFound` or `versionMismatch`.
  nonisolated(nonsending) func purge(
    _ id: UserID, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError)

  /// The position of the last event of the feed. Every write that is answered later gets a later one.
  nonisolated(nonsending) func lastEvent(deadline: UInt64?) async throws(StoreError) -> FeedPosition

  /// The events after a position, in the order of their positions, without gaps. Each write has one, which appears in
  /// the feed some time after the write is answered; those of one user appear in the order of the writes.
  /// - Parameter limit: how many events at most.
  /// - Throws: `eventsGone`.
  nonisolated(nonsending) func events(
    after position: FeedPosition, limit: Int, deadline: UInt64?
  ) async throws(StoreError) -> UserEventPage
}
