import Synchronization

package import UserService

/// A store without a database: what a store does, in the fewest lines. Tests of the service use it, and it keeps the
/// contract itself, so that it behaves as the real ones do.
package final class InMemoryUserStore: UserStore {
  struct Row {
    var user: UserRecord
    var normalForm: String
  }

  struct State {
    var rows: [UserID: Row] = [:]
    var owners: [String: UserID] = [:]
    /// What was created for each request.
    var requests: [UserID: (user: UserID, fingerprint: [UInt8])] = [:]
    var imports: [UserID: ImportProgress] = [:]
    /// The hashes of imported passwords.
    var hashes: [UserID: String] = [:]
    /// Microseconds; each write takes one.
    var now: Int64 = 1_700_000_000_000_000
    var events: [UserEvent] = []

    mutating func note(
      _ kind: UserEvent.Kind, _ user: UserID, version: Int64, fields: [String] = [], by author: Author?
    ) {
      let position = FeedPosition(number: Int64(events.count) + 1, stamp: 7)
      events.append(
        UserEvent(
          position: position, userID: user, kind: kind, version: version, fields: fields, author: author, time: now))
    }
  }

  private let state = Mutex(State())
  private let retention: Int64
  private let key = PageTokenKey.random()

  package init(retention: Duration = .seconds(3600)) {
    self.retention = retention.components.seconds * 1_000_000 + retention.components.attoseconds / 1_000_000_000_000
  }

  func inState<T: Sendable>(
    _ body: (inout State) throws(StoreError) -> T
  ) throws(StoreError) -> T {
    // Mutex hands typed errors through.
    try state.withLock { state throws(StoreError) in try body(&state) }
  }

  package func create(
    _ user: NewUser, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    try inState { state throws(StoreError) in
      try Self.create(user, by: author, &state)
    }
  }

  static func create(
    _ user: NewUser, by author: Author?, _ state: inout State
  ) throws(StoreError) -> UserRecord {
    let record = try check(user, &state)
    state.rows[user.id] = Row(user: record, normalForm: user.email.normalForm)
    state.owners[user.email.normalForm] = user.id
    state.note(.created, user.id, version: 1, by: author)
    return record
  }

  package func create(
    _ user: NewUser, once request: CreationRequest, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    try inState { state throws(StoreError) in
      if let known = state.requests[request.id] {
        guard known.fingerprint == request.fingerprint else { throw .refused(.requestIDReused) }
        guard let row = state.rows[known.user] else { throw .refused(.createdAndRemoved) }
        return row.user
      }
      let record = try Self.create(user, by: author, &state)
      state.requests[request.id] = (record.id, request.fingerprint)
      return record
    }
  }

  package func create(
    _ users: [NewUser], by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> [UserRecord] {
    try inState { state throws(StoreError) in
      try Self.all(users, &state) { user, state throws(StoreError) in
        try Self.create(user, by: author, &state)
      }
    }
  }

  /// Does something with all items, or nothing.
  private static func all<Item>(
    _ items: [Item], _ state: inout State, _ body: (Item, inout State) throws(StoreError) -> UserRecord
  ) throws(StoreError) -> [UserRecord] {
    var changed = state
    var records: [UserRecord] = []
    for (index, item) in items.enumerated() {
      do throws(StoreError) {
        records.append(try body(item, &changed))
      } catch {
        if case .refused(let refusal) = error { throw .refusedItem(index, refusal) }
        throw error
      }
    }
    state = changed
    return records
  }

  package func find(ids: [UserID], deadline: UInt64?) async throws(StoreError) -> [UserRecord?] {
    try inState { state throws(StoreError) in ids.map { state.rows[$0]?.user } }
  }

  package func preview(_ user: NewUser, deadline: UInt64?) async throws(StoreError) -> UserRecord {
    try inState { state throws(StoreError) in try Self.check(user, &state) }
  }

  private static func check(_ user: NewUser, _ state: inout State) throws(StoreError) -> UserRecord {
    if state.rows[user.id] != nil { throw .refused(.alreadyExists(.id)) }
    if state.owners[user.email.normalForm] != nil { throw .refused(.alreadyExists(.email)) }
    state.now += 1
    return UserRecord(
      id: user.id, email: user.email.address, name: user.name, labels: user.labels, createTime: state.now,
      updateTime: state.now)
  }

  package func find(id: UserID, deadline: UInt64?) async throws(StoreError) -> UserRecord? {
    try inState { state throws(StoreError) in state.rows[id]?.user }
  }

  package func find(email: EmailAddress, deadline: UInt64?) async throws(StoreError) -> UserRecord? {
    try inState { state throws(StoreError) in state.owners[email.normalForm].flatMap { state.rows[$0]?.user } }
  }

  package func pageTokenKey(deadline: UInt64?) async throws(StoreError) -> PageTokenKey { key }

  package func update(
    _ id: UserID, _ change: UserChange, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    try inState { state throws(StoreError) in
      try Self.update(UserUpdate(id, change, expecting: expecting), by: author, &state)
    }
  }

  package func update(
    _ updates: [UserUpdate], by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> [UserRecord] {
    try inState { state throws(StoreError) in
      try Self.all(updates, &state) { update, state throws(StoreError) in
        try Self.update(update, by: author, &state)
      }
    }
  }

  private static func update(
    _ update: UserUpdate, by author: Author?, _ state: inout State
  ) throws(StoreError) -> UserRecord {
    let (id, change) = (update.id, update.change)
    var row = try find(id, wantsDeleted: false, update.expecting, state)
    if change.isEmpty { return row.user }
    if let email = change.email, let owner = state.owners[email.normalForm], owner != id {
      throw .refused(.alreadyExists(.email))
    }
    let labels = change.labels(from: row.user.labels)
    if labels.count > UserRecord.maximumLabels { throw .refused(.tooManyLabels(id)) }
    if let email = change.email {
      state.owners[row.normalForm] = nil
      state.owners[email.normalForm] = id
      row.normalForm = email.normalForm
      row.user.email = email.address
    }
    if let name = change.name { row.user.name = name }
    row.user.labels = labels
    return store(row, &state, .updated, change.fields, author)
  }

  package func delete(
    _ id: UserID, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    try inState { state throws(StoreError) in
      var row = try Self.find(id, wantsDeleted: false, expecting, state)
      row.user.deleteTime = state.now + 1
      row.user.purgeTime = state.now + 1 + retention
      return Self.store(row, &state, .deleted, [], author)
    }
  }

  package func undelete(
    _ id: UserID, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) -> UserRecord {
    try inState { state throws(StoreError) in
      var row = try Self.find(id, wantsDeleted: true, expecting, state)
      row.user.deleteTime = nil
      row.user.purgeTime = nil
      return Self.store(row, &state, .undeleted, [], author)
    }
  }

  package func purge(
    _ id: UserID, expecting: VersionCondition, by author: Author?, deadline: UInt64?
  ) async throws(StoreError) {
    try inState { state throws(StoreError) in
      guard let row = state.rows[id] else { throw .refused(.notFound(id)) }
      guard expecting.allows(row.user.version) else { throw .refused(.versionMismatch(id)) }
      state.rows[id] = nil
      state.owners[row.normalForm] = nil
      state.now += 1
      state.note(.purged, id, version: row.user.version + 1, by: author)
    }
  }

  package func lastEvent(deadline: UInt64?) async throws(StoreError) -> FeedPosition {
    try inState { state throws(StoreError) in FeedPosition(number: Int64(state.events.count), stamp: 7) }
  }

  package func events(
    after position: FeedPosition, limit: Int, deadline: UInt64?
  ) async throws(StoreError) -> UserEventPage {
    try inState { state throws(StoreError) in
      guard position.stamp == 7, (0...Int64(state.events.count)).contains(position.number) else {
        throw .refused(.eventsGone)
      }
      let events = Array(state.events.dropFirst(Int(position.number)).prefix(limit))
      return UserEventPage(events: events, end: events.last?.position ?? position)
    }
  }

  private static func find(
    _ id: UserID, wantsDeleted: Bool, _ expecting: VersionCondition, _ state: State
  ) throws(StoreError) -> Row {
    guard let row = state.rows[id] else { throw .refused(.notFound(id)) }
    if row.user.isDeleted, !wantsDeleted { throw .refused(.isDeleted(id)) }
    if !row.user.isDeleted, wantsDeleted { throw .refused(.isNotDeleted(id)) }
    if let purge = row.user.purgeTime, purge <= state.now { throw .refused(.isExpired(id)) }
    guard expecting.allows(row.user.version) else { throw .refused(.versionMismatch(id)) }
    return row
  }

  private static func store(
    _ row: Row, _ state: inout State, _ kind: UserEvent.Kind, _ fields: [String], _ author: Author?
  ) -> UserRecord {
    var row = row
    state.now += 1
    row.user.updateTime = state.now
    row.user.version += 1
    state.rows[row.user.id] = row
    state.note(kind, row.user.id, version: row.user.version, fields: fields, by: author)
    return row.user
  }
}
