import TestSupport
import Testing
import UserService
import UserStoreContract

@testable import Postgres
@testable import PostgresUserStore

@Suite struct StorePagingTests {
  private static let orders = UserOrder.Key.allCases.flatMap { [UserOrder($0), UserOrder($0, isDescending: true)] }

  /// Rows of one microsecond must not be torn apart or repeated at the edge of a page.
  @Test func usersOfTheSameTimeAreOrderedByID() async throws {
    try await PostgresBench.run { bench in
      let store = PostgresUserStore(client: bench.clients[0])
      try await fill(store, 10)
      try await bench.execute("UPDATE users SET create_time = timestamptz '2024-01-01'")
      for isDescending in [false, true] {
        let order = UserOrder(.createTime, isDescending: isDescending)
        let (users, _) = try await readAll(store, UserPageQuery(order: order, showDeleted: true, limit: 3))
        let ids = users.map(\.id).sorted()
        #expect(users.map(\.id) == (isDescending ? ids.reversed() : ids) && ids.count == 10)
      }
    }
  }

  private static func index(_ key: UserOrder.Key, _ states: UserStates) -> String {
    switch (key, states) {
    case (.createTime, .live): "users_create_time_live_idx"
    case (.createTime, .all): "users_create_time_idx"
    case (.createTime, .deleted): "users_create_time_deleted_idx"
    case (.email, .live): "users_email_normalized_live_idx"
    case (.email, .all): "users_email_normalized_key"
    case (.email, .deleted): "users_email_normalized_deleted_idx"
    case (.id, .live): "users_live_idx"
    case (.id, .all): "users_pkey"
    case (.id, .deleted): "users_deleted_idx"
    case (.updateTime, .deleted): "users_update_time_deleted_idx"
    case (.updateTime, _): "users_update_time_live_idx"
    case (.name, .deleted): "users_name_deleted_idx"
    case (.name, _): "users_name_live_idx"
    case (.deleteTime, _): "users_delete_time_id_idx"
    }
  }

  /// No read walks the table: a page costs what it holds, however far it is.
  @Test func readsGoThroughAnIndex() async throws {
    try await PostgresBench.run { bench in
      try await bench.execute(
        """
        INSERT INTO users (id, email, email_normalized, name, labels, create_time, update_time, delete_time, purge_time,
          version)
        SELECT gen_random_uuid(), 'u' || n || '@example.com', 'u' || n || '@example.com', 'u' || n, '{}',
          now() - n * interval '1 s', now() - n * interval '1 s', CASE WHEN n % 3 = 0 THEN now() - n * interval '1 s' END,
          CASE WHEN n % 3 = 0 THEN now() END, 1
        FROM generate_series(1, 20000) n;
        ANALYZE users
        """)
      let (time, id) = (PostgresValue.timestamp(1_700_000_000_000_000), PostgresValue.uuid(1 << 63, 0))
      let cursors: [UserOrder.Key: [PostgresValue]] = [
        .createTime: [time, id], .email: [.text("u5@example.com")], .id: [id], .updateTime: [time, id],
        .name: [.text("u5"), id], .deleteTime: [time, id],
      ]
      var reads: [(Statement, [PostgresValue], index: String)] = [
        (UserSQL.findByID.one, [id], "users_pkey"),
        (UserSQL.findByID.many, [.uuidArray(Array(repeating: 1 << 127, count: 16))], "users_pkey"),
        (UserSQL.findByEmail, [.text("u5@example.com")], "users_email_normalized_key"),
      ]
      for order in Self.orders {
        for states in UserStates.allCases {
          for cursor in [[], cursors[order.key] ?? []] {
            var query = UserPageQuery(order: order, states: states, limit: 50)
            // Only whether there is one matters.
            if !cursor.isEmpty { query.cursor = .id(UserID(high: 0, low: 1)) }
            let index = Self.index(order.key, order.key == .deleteTime ? .deleted : states)
            reads.append((UserSQL.page(query), [.int64(51)] + cursor, index))
          }
        }
      }
      for (statement, parameters, index) in reads {
        let plan = try await bench.clients[0].withConnection { connection in
          try await connection.query(Statement("explain", "EXPLAIN " + statement.sql), parameters).map {
            try $0[0].text
          }
        }.joined(separator: "\n")
        #expect(plan.contains(" \(index) "), "\(statement.name): \(plan)")
        #expect(!plan.contains("Seq Scan"), "\(statement.name): \(plan)")
        // Two indexes' parts of a page are sorted together, and no more than these.
        #expect(!plan.contains("Sort") || plan.contains("Append"), "\(statement.name): \(plan)")
      }
    }
  }
}
