package import UserService

/// Lists: all rows are looked at, and sorted.
extension InMemoryUserStore {
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
