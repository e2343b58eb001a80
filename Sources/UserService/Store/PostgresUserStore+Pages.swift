import Postgres

extension PostgresUserStore {
  public nonisolated(nonsending) func page(
    _ query: UserPageQuery, deadline: UInt64?
  ) async throws(UserServiceError) -> UserPage {
    // One more than asked for tells whether there is another page.
    var parameters: [PostgresValue] = [.int64(Int64(clamping: query.limit).addingOneSaturating)]
    switch query.cursor {
    case nil: break
    case .createTime(let time, let id): parameters += [.timestamp(time), .uuid(id.high, id.low)]
    case .email(let normalForm): parameters.append(.text(normalForm))
    case .id(let id): parameters.append(.uuid(id.high, id.low))
    }
    let statement = UserSQL.page(query.order, showDeleted: query.showDeleted, hasCursor: query.cursor != nil)
    return try Self.cut(try await self.query(statement, parameters, deadline), query)
  }

  private static func cut(_ rows: PostgresRows, _ query: UserPageQuery) throws(UserServiceError) -> UserPage {
    var users: [UserRecord] = []
    users.reserveCapacity(min(rows.count, query.limit))
    var size = 0
    for row in rows {
      let user = try UserRecord(row: row)
      size += user.approximateSize
      if let last = users.last, users.count >= query.limit || size > query.byteLimit {
        return UserPage(users: users, next: try cursor(after: last, rows[users.count - 1], query.order))
      }
      users.append(user)
    }
    return UserPage(users: users, next: nil)
  }

  private static func cursor(
    after user: UserRecord, _ row: PostgresRow, _ order: UserOrder
  ) throws(UserServiceError) -> UserCursor {
    switch order.key {
    case .createTime: return .createTime(user.createTime, user.id)
    case .id: return .id(user.id)
    case .email:
      do throws(PostgresError) {
        return .email(try row[UserSQL.normalFormColumn].text)
      } catch {
        throw .database(error)
      }
    }
  }
}

extension Int64 {
  fileprivate var addingOneSaturating: Int64 { self == .max ? .max : self + 1 }
}
