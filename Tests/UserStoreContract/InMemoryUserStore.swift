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

  package func page(_ query: UserPageQuery, deadline: UInt64?) async throws(StoreError) -> UserPage {
    try inState { state throws(StoreError) in
      let rows = Self.rows(of: query, state)
        .map { (cursor: Self.cursor($0, query.order), user: $0.user) }
        .sorted {
          query.order.isDescending ? Self.precedes($1.cursor, $0.cursor) : Self.precedes($0.cursor, $1.cursor)
        }
      var page = UserPage(users: [], next: nil)
      var (size, last) = (0, query.cursor)
      for row in rows {
        if let cursor = query.cursor {
          let isAfter = query.order.isDescending ? Self.precedes(row.cursor, cursor) : Self.precedes(cursor, row.cursor)
          if !isAfter { continue }
        }
        size += row.user.approximateSize
        if !page.users.isEmpty, page.users.count >= query.limit || size > query.byteLimit {
          page.next = last
          return page
        }
        page.users.append(row.user)
        last = row.cursor
      }
      return page
    }
  }

  package func count(_ query: UserPageQuery, limit: Int, deadline: UInt64?) async throws(StoreError) -> Int {
    try inState { state throws(StoreError) in min(limit, Self.rows(of: query, state).count) }
  }

  private static func rows(of query: UserPageQuery, _ state: State) -> [Row] {
    state.rows.values.filter { row in
      let user = row.user
      guard query.states.contains(isDeleted: user.isDeleted) else { return false }
      if query.order.key == .deleteTime, !user.isDeleted { return false }
      if let label = query.label, user.labels[label.key] != label.value { return false }
      switch (query.range, query.order.key) {
      case (.times(let range), .createTime): return range.contains(user.createTime)
      case (.times(let range), .updateTime): return range.contains(user.updateTime)
      case (.times(let range), .deleteTime): return user.deleteTime.map { range.contains($0) } ?? false
      case (.names(let lower, let upper), .name):
        return !user.name.utf8.lexicographicallyPrecedes(lower.utf8)
          && user.name.utf8.lexicographicallyPrecedes(upper.utf8)
      default: return true
      }
    }
  }

  private static func cursor(_ row: Row, _ order: UserOrder) -> UserCursor {
    switch order.key {
    case .updateTime: .updateTime(row.user.updateTime, row.user.id)
    case .name: .name(row.user.name, row.user.id)
    case .deleteTime: .deleteTime(row.user.deleteTime ?? 0, row.user.id)
    case .createTime: .createTime(row.user.createTime, row.user.id)
    case .email: .email(row.normalForm)
    case .id: .id(row.user.id)
    }
  }

  private static func precedes(_ left: UserCursor, _ right: UserCursor) -> Bool {
    switch (left, right) {
    case (.createTime(let a, let x), .createTime(let b, let y)), (.updateTime(let a, let x), .updateTime(let b, let y)),
      (.deleteTime(let a, let x), .deleteTime(let b, let y)):
      a == b ? x < y : a < b
    case (.name(let a, let x), .name(let b, let y)):
      a.utf8.elementsEqual(b.utf8) ? x < y : a.utf8.lexicographicallyPrecedes(b.utf8)
    case (.email(let a), .email(let b)): a.utf8.lexicographicallyPrecedes(b.utf8)
    case (.id(let a), .id(let b)): a < b
    default: false
    }
  }
}
