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

  /// No read walks the table: a page costs what it holds, however far it is.
  @Test func readsGoThroughAnIndex() async throws {
    try await PostgresBench.run { bench in
      try await bench.execute(
        """
        INSERT INTO users (id, email, email_normalized, name, labels, create_time, update_time, delete_time, purge_time,
          version)
        SELECT gen_random_uuid(), 'u' || n || '@example.com', 'u' || n || '@example.com', '', '{}',
          now() - n * interval '1 s', now(), CASE WHEN n % 3 = 0 THEN now() END, CASE WHEN n % 3 = 0 THEN now() END, 1
        FROM generate_series(1, 20000) n;
        ANALYZE users
        """)
      let (time, id) = (PostgresValue.timestamp(1_700_000_000_000_000), PostgresValue.uuid(1 << 63, 0))
      let cursors: [UserOrder.Key: [PostgresValue]] = [
        .createTime: [time, id], .email: [.text("u5@example.com")], .id: [id],
      ]
      var reads: [(Statement, [PostgresValue], index: String)] = [
        (UserSQL.findByID.one, [id], "users_pkey"),
        (UserSQL.findByID.many, [.uuidArray(Array(repeating: 1 << 127, count: 16))], "users_pkey"),
        (UserSQL.findByEmail, [.text("u5@example.com")], "users_email_normalized_key"),
      ]
      for order in Self.orders {
        for showDeleted in [false, true] {
          for cursor in [[], cursors[order.key] ?? []] {
            let index =
              switch order.key {
              case .createTime: showDeleted ? "users_create_time_idx" : "users_create_time_live_idx"
              case .email: showDeleted ? "users_email_normalized_key" : "users_email_normalized_live_idx"
              case .id: showDeleted ? "users_pkey" : "users_live_idx"
              }
            let statement = UserSQL.page(order, showDeleted: showDeleted, hasCursor: !cursor.isEmpty)
            reads.append((statement, [.int64(51)] + cursor, index))
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
        #expect(!plan.contains("Sort") && !plan.contains("Seq Scan"), "\(statement.name): \(plan)")
      }
    }
  }
}
