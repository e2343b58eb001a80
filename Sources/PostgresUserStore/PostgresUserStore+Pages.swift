import Postgres
public import UserService

extension PostgresUserStore {
  /// Reads one row more than the page has, to know whether another page follows.
  public nonisolated(nonsending) func page(
    _ query: UserPageQuery, deadline: UInt64?
  ) async throws(StoreError) -> UserPage {
    if query.order.key == .deleteTime, query.states == .live { return UserPage(users: [], next: nil) }
    var query = query
    if query.label != nil { query.limit = min(query.limit, UserSQL.maximumLabelRows - 1) }
    let parameters = Self.parameters(query, limit: Int64(clamping: query.limit).addingOneSaturating)
    return try cut(try await self.query(UserSQL.page(query), parameters, deadline), query)
  }

  /// Counts on a connection of its own: reads that share one would wait for it.
  public nonisolated(nonsending) func count(
    _ query: UserPageQuery, limit: Int, deadline: UInt64?
  ) async throws(StoreError) -> Int {
    if query.order.key == .deleteTime, query.states == .live { return 0 }
    var query = query
    query.cursor = nil
    let (statement, parameters) = (UserSQL.count(query), Self.parameters(query, limit: Int64(clamping: limit)))
    return try await transaction(isReadOnly: true, deadline) { transaction in
      Int(clamping: try await transaction.query(statement, parameters).first?[0].int64 ?? 0)
    }
  }

  /// Runs a transaction on a connection that nobody else uses meanwhile.
  nonisolated(nonsending) func transaction<T: Sendable>(
    isReadOnly: Bool = false, _ deadline: UInt64?,
    _ body: nonisolated(nonsending) (PostgresTransaction) async throws -> T
  ) async throws(StoreError) -> T {
    try await Self.storing { try await client.withTransaction(isReadOnly: isReadOnly, deadline: deadline, body) }
  }

  private static func parameters(_ query: UserPageQuery, limit: Int64) -> [PostgresValue] {
    var parameters: [PostgresValue] = [.int64(limit)]
    let (first, last) = bounds(query)
    switch query.cursor {
    case nil: if let first { parameters.append(first) }
    case .createTime(let time, let id), .updateTime(let time, let id), .deleteTime(let time, let id):
      parameters += [.timestamp(time), .uuid(id.high, id.low)]
    case .email(let normalForm): parameters.append(.text(normalForm))
    case .id(let id): parameters.append(.uuid(id.high, id.low))
    case .name(let name, let id): parameters += [.text(name), .uuid(id.high, id.low)]
    }
    if let last { parameters.append(last) }
    if let label = query.label { parameters += [.text(label.key), .text(label.value)] }
    return parameters
  }

  /// The bounds of the range, in the order in which the list meets them.
  private static func bounds(_ query: UserPageQuery) -> (PostgresValue?, PostgresValue?) {
    let (lower, upper): (PostgresValue, PostgresValue)
    switch query.range {
    case nil: return (nil, nil)
    case .times(let range): (lower, upper) = (.timestamp(range.lower), .timestamp(range.upper))
    case .names(let from, let to): (lower, upper) = (.text(from), .text(to))
    }
    return query.order.isDescending ? (upper, lower) : (lower, upper)
  }

  /// A row that can't be read is left out, but counts against the limit, so that the cursor moves past it.
  private func cut(_ rows: PostgresRows, _ query: UserPageQuery) throws(StoreError) -> UserPage {
    var users: [UserRecord] = []
    users.reserveCapacity(min(rows.count, query.limit))
    var size = 0
    for (index, row) in rows.enumerated() {
      let isFull = index >= query.limit
      let user = isFull ? nil : try readable(row)
      size += user?.approximateSize ?? 0
      if isFull || !users.isEmpty && size > query.byteLimit {
        return UserPage(users: users, next: try Self.cursor(after: rows[index - 1], query.order))
      }
      if let user { users.append(user) }
    }
    return UserPage(users: users, next: nil)
  }

  private func readable(_ row: PostgresRow) throws(StoreError) -> UserRecord? {
    do throws(StoreError) {
      return try UserRecord(row: row)
    } catch {
      guard let id = error.damagedRow else { throw error }
      damagedRows.leftOut(id)
      return nil
    }
  }

  private static func cursor(after row: PostgresRow, _ order: UserOrder) throws(StoreError) -> UserCursor {
    do throws(PostgresError) {
      let id = try row[0].uuid
      let user = UserID(high: id.high, low: id.low)
      switch order.key {
      case .createTime: return .createTime(try row[4].timestamp, user)
      case .updateTime: return .updateTime(try row[5].timestamp, user)
      case .deleteTime: return .deleteTime(try row[6].timestamp, user)
      case .name: return .name(try row[2].text, user)
      case .id: return .id(user)
      case .email: return .email(try row[UserSQL.normalFormColumn].text)
      }
    } catch {
      throw StoreError(error)
    }
  }
}

extension Int64 {
  fileprivate var addingOneSaturating: Int64 { self == .max ? .max : self + 1 }
}
