import Postgres
public import UserService

extension PostgresUserStore {
  /// Reads one row more than the page has, to know whether another page follows.
  public nonisolated(nonsending) func page(
    _ query: UserPageQuery, deadline: UInt64?
  ) async throws(StoreError) -> UserPage {
    var parameters: [PostgresValue] = [.int64(Int64(clamping: query.limit).addingOneSaturating)]
    switch query.cursor {
    case nil: break
    case .createTime(let time, let id): parameters += [.timestamp(time), .uuid(id.high, id.low)]
    case .email(let normalForm): parameters.append(.text(normalForm))
    case .id(let id): parameters.append(.uuid(id.high, id.low))
    }
    let statement = UserSQL.page(query.order, showDeleted: query.showDeleted, hasCursor: query.cursor != nil)
    return try cut(try await self.query(statement, parameters, deadline), query)
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
      switch order.key {
      case .createTime: return .createTime(try row[4].timestamp, UserID(high: id.high, low: id.low))
      case .id: return .id(UserID(high: id.high, low: id.low))
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
