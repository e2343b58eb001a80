import UserService
import UserStoreContract

/// A store with a copy of some age; without one, the copy fails.
struct ReplicatedStore: UserStore {
  private let store: any UserStore
  private let other: any UserStore
  private let age: Duration

  init(_ store: any UserStore, copy: (any UserStore)?, age: Duration) {
    self.store = store
    other = copy ?? BrokenStore()
    self.age = age
  }

  func copy(within staleness: Duration) -> (any UserStore)? { staleness >= age ? other : nil }

  func create(_ user: NewUser, by author: Author?, deadline: UInt64?) async throws(StoreError) -> UserRecord {
    return try await store.create(user, by: author, deadline: deadline)
  }

  func create(
    _ user: NewUser, once request: CreationRequest, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    return try await store.create(user, once: request, by: author, deadline: deadline)
  }

  func create(
    _ users: [NewUser], by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> [UserRecord] {
    return try await store.create(users, by: author, deadline: deadline)
  }

  func find(ids: [UserID], deadline: UInt64?) async throws(StoreError) -> [UserRecord?] {
    return try await store.find(ids: ids, deadline: deadline)
  }

  func update(
    _ updates: [UserUpdate], by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> [UserRecord] {
    return try await store.update(updates, by: author, deadline: deadline)
  }

  func merge(
    _ chunk: ImportChunk, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> ImportProgress {
    return try await store.merge(chunk, by: author, deadline: deadline)
  }

  func findImport(_ id: UserID, deadline: UInt64?) async throws(StoreError) -> ImportProgress? {
    return try await store.findImport(id, deadline: deadline)
  }

  func preview(_ user: NewUser, deadline: UInt64?) async throws(StoreError) -> UserRecord {
    return try await store.preview(user, deadline: deadline)
  }

  func find(id: UserID, deadline: UInt64?) async throws(StoreError) -> UserRecord? {
    return try await store.find(id: id, deadline: deadline)
  }

  func find(email: EmailAddress, deadline: UInt64?) async throws(StoreError) -> UserRecord? {
    return try await store.find(email: email, deadline: deadline)
  }

  func page(_ query: UserPageQuery, deadline: UInt64?) async throws(StoreError) -> UserPage {
    return try await store.page(query, deadline: deadline)
  }

  func count(_ query: UserPageQuery, limit: Int, deadline: UInt64?) async throws(StoreError) -> Int {
    return try await store.count(query, limit: limit, deadline: deadline)
  }

  func pageTokenKey(deadline: UInt64?) async throws(StoreError) -> PageTokenKey {
    try await store.pageTokenKey(deadline: deadline)
  }

  func update(
    _ id: UserID, _ change: UserChange, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    return try await store.update(id, change, expecting: expecting, by: author, deadline: deadline)
  }

  func delete(
    _ id: UserID, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    return try await store.delete(id, expecting: expecting, by: author, deadline: deadline)
  }

  func undelete(
    _ id: UserID, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    return try await store.undelete(id, expecting: expecting, by: author, deadline: deadline)
  }

  func purge(
    _ id: UserID, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) {
    try await store.purge(id, expecting: expecting, by: author, deadline: deadline)
  }

  func lastEvent(deadline: UInt64?) async throws(StoreError) -> FeedPosition {
    try await store.lastEvent(deadline: deadline)
  }

  func events(
    after position: FeedPosition, limit: Int, deadline: UInt64?
  ) async throws(StoreError) -> UserEventPage {
    return try await store.events(after: position, limit: limit, deadline: deadline)
  }
}

/// A store that can't be reached.
private struct BrokenStore: UserStore {
  private var error: StoreError { .failed(StoreFailure(.unavailable, isSafeToRetry: true)) }

  func create(_ user: NewUser, by author: Author?, deadline: UInt64?) async throws(StoreError) -> UserRecord {
    throw error
  }

  func create(
    _ user: NewUser, once request: CreationRequest, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    throw error
  }

  func create(
    _ users: [NewUser], by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> [UserRecord] {
    throw error
  }

  func find(ids: [UserID], deadline: UInt64?) async throws(StoreError) -> [UserRecord?] {
    throw error
  }

  func update(
    _ updates: [UserUpdate], by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> [UserRecord] {
    throw error
  }

  func merge(
    _ chunk: ImportChunk, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> ImportProgress {
    throw error
  }

  func findImport(_ id: UserID, deadline: UInt64?) async throws(StoreError) -> ImportProgress? {
    throw error
  }

  func preview(_ user: NewUser, deadline: UInt64?) async throws(StoreError) -> UserRecord {
    throw error
  }

  func find(id: UserID, deadline: UInt64?) async throws(StoreError) -> UserRecord? {
    throw error
  }

  func find(email: EmailAddress, deadline: UInt64?) async throws(StoreError) -> UserRecord? {
    throw error
  }

  func page(_ query: UserPageQuery, deadline: UInt64?) async throws(StoreError) -> UserPage {
    throw error
  }

  func count(_ query: UserPageQuery, limit: Int, deadline: UInt64?) async throws(StoreError) -> Int {
    throw error
  }

  func pageTokenKey(deadline: UInt64?) async throws(StoreError) -> PageTokenKey {
    throw error
  }

  func update(
    _ id: UserID, _ change: UserChange, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    throw error
  }

  func delete(
    _ id: UserID, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    throw error
  }

  func undelete(
    _ id: UserID, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    throw error
  }

  func purge(
    _ id: UserID, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) {
    throw error
  }

  func lastEvent(deadline: UInt64?) async throws(StoreError) -> FeedPosition {
    throw error
  }

  func events(
    after position: FeedPosition, limit: Int, deadline: UInt64?
  ) async throws(StoreError) -> UserEventPage {
    throw error
  }
}
