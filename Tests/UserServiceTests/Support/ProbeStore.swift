import Synchronization
import UserService
import UserStoreContract

/// A store that notes what it is asked, on its way to another one.
final class ProbeStore: UserStore {
  struct Notes: Sendable {
    var pages = 0
    var eventPages = 0
    var deadlines: [UInt64?] = []
    var authors: [Author?] = []
  }

  private let store: any UserStore
  private let state = Mutex(Notes())

  init(_ store: any UserStore = InMemoryUserStore()) { self.store = store }

  var notes: Notes { state.withLock { $0 } }

  private func note(_ deadline: UInt64?, by author: Author?) {
    note(deadline)
    state.withLock { $0.authors.append(author) }
  }

  private func note(_ deadline: UInt64?, page: Bool = false) {
    state.withLock {
      $0.deadlines.append(deadline)
      if page { $0.pages += 1 }
    }
  }

  func create(_ user: NewUser, by author: Author?, deadline: UInt64?) async throws(StoreError) -> UserRecord {
    note(deadline, by: author)
    return try await store.create(user, by: author, deadline: deadline)
  }

  func create(
    _ user: NewUser, once request: CreationRequest, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    note(deadline, by: author)
    return try await store.create(user, once: request, by: author, deadline: deadline)
  }

  func create(
    _ users: [NewUser], by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> [UserRecord] {
    note(deadline, by: author)
    return try await store.create(users, by: author, deadline: deadline)
  }

  func find(ids: [UserID], deadline: UInt64?) async throws(StoreError) -> [UserRecord?] {
    note(deadline)
    return try await store.find(ids: ids, deadline: deadline)
  }

  func update(
    _ updates: [UserUpdate], by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> [UserRecord] {
    note(deadline, by: author)
    return try await store.update(updates, by: author, deadline: deadline)
  }

  func merge(
    _ chunk: ImportChunk, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> ImportProgress {
    note(deadline, by: author)
    return try await store.merge(chunk, by: author, deadline: deadline)
  }

  func findImport(_ id: UserID, deadline: UInt64?) async throws(StoreError) -> ImportProgress? {
    note(deadline)
    return try await store.findImport(id, deadline: deadline)
  }

  func preview(_ user: NewUser, deadline: UInt64?) async throws(StoreError) -> UserRecord {
    note(deadline)
    return try await store.preview(user, deadline: deadline)
  }

  func find(id: UserID, deadline: UInt64?) async throws(StoreError) -> UserRecord? {
    note(deadline)
    return try await store.find(id: id, deadline: deadline)
  }

  func find(email: EmailAddress, deadline: UInt64?) async throws(StoreError) -> UserRecord? {
    note(deadline)
    return try await store.find(email: email, deadline: deadline)
  }

  func page(_ query: UserPageQuery, deadline: UInt64?) async throws(StoreError) -> UserPage {
    note(deadline, page: true)
    return try await store.page(query, deadline: deadline)
  }

  func count(_ query: UserPageQuery, limit: Int, deadline: UInt64?) async throws(StoreError) -> Int {
    note(deadline)
    return try await store.count(query, limit: limit, deadline: deadline)
  }

  func pageTokenKey(deadline: UInt64?) async throws(StoreError) -> PageTokenKey {
    try await store.pageTokenKey(deadline: deadline)
  }

  func update(
    _ id: UserID, _ change: UserChange, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    note(deadline, by: author)
    return try await store.update(id, change, expecting: expecting, by: author, deadline: deadline)
  }

  func delete(
    _ id: UserID, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    note(deadline, by: author)
    return try await store.delete(id, expecting: expecting, by: author, deadline: deadline)
  }

  func undelete(
    _ id: UserID, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    note(deadline, by: author)
    return try await store.undelete(id, expecting: expecting, by: author, deadline: deadline)
  }

  func purge(
    _ id: UserID, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) {
    note(deadline, by: author)
    try await store.purge(id, expecting: expecting, by: author, deadline: deadline)
  }

  func lastEvent(deadline: UInt64?) async throws(StoreError) -> FeedPosition {
    try await store.lastEvent(deadline: deadline)
  }

  func events(
    after position: FeedPosition, limit: Int, deadline: UInt64?
  ) async throws(StoreError) -> UserEventPage {
    state.withLock { $0.eventPages += 1 }
    return try await store.events(after: position, limit: limit, deadline: deadline)
  }
}
