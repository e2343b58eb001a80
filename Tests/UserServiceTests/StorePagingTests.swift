import Testing

@testable import Postgres
@testable import PostgresUserStore
@testable import UserService

@Suite struct StorePagingTests {
  private static let orders = UserOrder.Key.allCases.flatMap { [UserOrder($0), UserOrder($0, isDescending: true)] }

  /// All users of a list, read page by page, and how large the pages were.
  private static func readAll(
    _ store: any UserStore, _ query: UserPageQuery
  ) async throws -> (users: [UserRecord], pages: [Int]) {
    var query = query
    var (users, pages): ([UserRecord], [Int]) = ([], [])
    repeat {
      let page = try await store.page(query, deadline: nil)
      users += page.users
      pages.append(page.users.count)
      query.cursor = page.next
      guard pages.count < 1000 else { throw TestFailure("the list has no end") }
    } while query.cursor != nil
    return (users, pages)
  }

  /// Emails whose order by bytes is another than a dictionary's.
  private static func fill(_ store: any UserStore, _ count: Int) async throws {
    for index in 0..<count {
      let mailbox = ["z", "Z", "a-", "a.", "a_", "\u{e9}", "\u{1f98a}"][index % 7] + "\(index * 7919 % 101)"
      let user = try await store.create(.sample("\(mailbox)@example.com"), deadline: nil)
      if index % 5 == 0 { _ = try await store.delete(user.id, expecting: .any, deadline: nil) }
    }
  }

  private static func precedes(_ left: UserRecord, _ right: UserRecord, by key: UserOrder.Key) throws -> Bool {
    switch key {
    case .createTime: (left.createTime, left.id) < (right.createTime, right.id)
    case .id: left.id < right.id
    case .email:
      try EmailAddress(left.email).normalForm.utf8.lexicographicallyPrecedes(EmailAddress(right.email).normalForm.utf8)
    }
  }

  @Test(arguments: StoreKind.allCases) func everyOrderComesWholeAndSorted(kind: StoreKind) async throws {
    try await withStore(kind) { store in
      #expect(try await store.page(UserPageQuery(order: UserOrder(.email), limit: 1), deadline: nil).users.isEmpty)
      try await Self.fill(store, 25)
      for order in Self.orders {
        for showDeleted in [false, true] {
          let count = showDeleted ? 25 : 20
          for limit in [1, 7, count - 1, count, count + 1, .max] {
            let query = UserPageQuery(order: order, showDeleted: showDeleted, limit: limit)
            let (users, pages) = try await Self.readAll(store, query)
            #expect(users.count == count && Set(users.map(\.id)).count == count)
            #expect(showDeleted || !users.contains(where: \.isDeleted))
            for (left, right) in zip(users, users.dropFirst()) {
              #expect(try Self.precedes(left, right, by: order.key) != order.isDescending)
            }
            // Full pages, and no empty one at the end.
            #expect(pages.dropLast().allSatisfy { $0 == limit } && pages.last != 0)
          }
        }
      }
    }
  }

  @Test(arguments: StoreKind.allCases) func pagesEndAtTheirSizeInBytes(kind: StoreKind) async throws {
    try await withStore(kind) { store in
      let labels = ["k": String(repeating: "v", count: 250)]
      for index in 0..<10 {
        _ = try await store.create(.sample("u\(index)@example.com", labels: labels), deadline: nil)
      }
      for (byteLimit, first) in [(1, 1), (1300, 3), (1 << 20, 10)] {
        let query = UserPageQuery(order: UserOrder(.email), limit: 100, byteLimit: byteLimit)
        let (users, pages) = try await Self.readAll(store, query)
        #expect(users.map(\.email) == (0..<10).map { "u\($0)@example.com" })
        #expect(pages.first == first)
      }
    }
  }

  /// Whoever was there from the first page to the last comes exactly once, whatever comes and goes around.
  @Test(arguments: StoreKind.allCases, orders)
  func pagesStayStableWhileUsersComeAndGo(kind: StoreKind, order: UserOrder) async throws {
    try await withStore(kind) { store in
      var stable: Set<UserID> = []
      var fleeting: [UserID] = []
      for index in 0..<20 {
        let user = try await store.create(.sample("m\(index * 37 % 20)@example.com"), deadline: nil)
        if index % 4 == 3 { fleeting.append(user.id) } else { stable.insert(user.id) }
      }
      var seen: [UserID] = []
      var query = UserPageQuery(order: order, limit: 3)
      repeat {
        let page = try await store.page(query, deadline: nil)
        seen += page.users.map(\.id)
        query.cursor = page.next
        // Before, in the middle and behind; somebody goes, perhaps the very user that the cursor names.
        for mailbox in ["a", "m5x", "z"] {
          _ = try await store.create(.sample("\(mailbox)\(seen.count)@example.com"), deadline: nil)
        }
        if let id = fleeting.popLast() { _ = try await store.delete(id, expecting: .any, deadline: nil) }
        // In order of creation new users go behind, and there would be no end.
      } while query.cursor != nil && seen.count < 100
      #expect(Set(seen).count == seen.count)
      #expect(stable.isSubset(of: seen))
    }
  }

  /// Rows of one microsecond must not be torn apart or repeated at the edge of a page.
  @Test func usersOfTheSameTimeAreOrderedByID() async throws {
    try await PostgresBench.run { bench in
      let store = PostgresUserStore(client: bench.clients[0])
      try await Self.fill(store, 10)
      try await bench.execute("UPDATE users SET create_time = timestamptz '2024-01-01'")
      for isDescending in [false, true] {
        let order = UserOrder(.createTime, isDescending: isDescending)
        let (users, _) = try await Self.readAll(store, UserPageQuery(order: order, showDeleted: true, limit: 3))
        let ids = users.map(\.id).sorted()
        #expect(users.map(\.id) == (isDescending ? ids.reversed() : ids) && ids.count == 10)
      }
    }
  }

  /// No read walks the table: a page costs what it holds, however far it is (FIELD-NOTES.md, trap 26).
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
