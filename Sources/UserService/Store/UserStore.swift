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

  /// Stores a new user, once: if a user was created for `request` already, returns that user as it is now. That is
  /// remembered for at least 24 hours.
  /// - Throws: as `create`; `requestIDReused` if that creation had another fingerprint, `createdAndRemoved` if its
  ///   user is not there any more.
  nonisolated(nonsending) func create(
    _ user: NewUser, once request: CreationRequest, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord

  /// Stores all of some new users, or none, and returns them in their order.
  /// - Throws: `refusedItem` with the first that can't be stored, because of the others before it too.
  nonisolated(nonsending) func create(
    _ users: [NewUser], by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> [UserRecord]

  /// Returns or throws what `create` would now, without storing anything.
  /// - Throws: as `create`.
  nonisolated(nonsending) func preview(_ user: NewUser, deadline: UInt64?) async throws(StoreError) -> UserRecord

  /// A user by id, deleted or not; nil if there is none.
  nonisolated(nonsending) func find(id: UserID, deadline: UInt64?) async throws(StoreError) -> UserRecord?

  /// Users by their ids, in the order of the ids, deleted or not; nil where there is none.
  nonisolated(nonsending) func find(
    ids: [UserID], deadline: UInt64?
  ) async throws(StoreError) -> [UserRecord?]

  /// A user by its email's normal form, deleted or not; nil if there is none.
  nonisolated(nonsending) func find(
    email: EmailAddress, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord?

  /// Some users in an order, after a cursor.
  nonisolated(nonsending) func page(_ query: UserPageQuery, deadline: UInt64?) async throws(StoreError)
    -> UserPage

  /// How many users the pages of a query have in all; its cursor and limits are ignored. Counting ends at `limit`.
  nonisolated(nonsending) func count(
    _ query: UserPageQuery, limit: Int, deadline: UInt64?
  ) async throws(StoreError) -> Int

  /// A store for reads that has all changes except, at most, those of the last `staleness`; nil if there is none but
  /// this one. It may be less reachable than this one.
  func copy(within staleness: Duration) -> (any UserStore)?

  /// The secret key of page tokens. It is part of the store's data: all processes get the same key, at any time.
  nonisolated(nonsending) func pageTokenKey(deadline: UInt64?) async throws(StoreError) -> PageTokenKey

  /// Changes the fields that `change` names, and no others. An empty change checks everything and changes nothing.
  /// - Throws: `notFound`, `isDeleted`, `versionMismatch`, `tooManyLabels`, or `alreadyExists` for the email.
  nonisolated(nonsending) func update(
    _ id: UserID, _ change: UserChange, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord

  /// Makes all of some changes, of different users, or none, and returns the users in the order of the changes.
  /// - Throws: `refusedItem` with one that can't be made.
  nonisolated(nonsending) func update(
    _ updates: [UserUpdate], by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> [UserRecord]

  /// Merges a chunk of an import: creates its users, except those whose id or email is taken, and notes how far the
  /// import is, in one step. Nothing is done if the chunk was merged before.
  /// - Returns: how far the import is.
  /// - Throws: `importMoved` unless the import is at the chunk's first row, or behind its last one.
  nonisolated(nonsending) func merge(
    _ chunk: ImportChunk, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> ImportProgress

  /// How far an import is; nil if it is not known. It is kept for at least 30 days.
  nonisolated(nonsending) func findImport(
    _ id: UserID, deadline: UInt64?
  ) async throws(StoreError) -> ImportProgress?

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

extension UserStore {
  /// None: a store without replicas.
  public func copy(within staleness: Duration) -> (any UserStore)? { nil }
}
