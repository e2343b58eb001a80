import EventLoop
import TestSupport
import Testing
import UserService
import UserStoreContract

@testable import Postgres
@testable import PostgresUserStore

/// Rows that somebody else wrote and the service can't read: each fails its own caller and nobody else.
@Suite struct StoreDamageTests {
  /// What makes a row unreadable; some need a constraint out of the way.
  private static let damages = [
    #"labels = '{"a": 1}'"#, #"labels = '{"a": {"b": "c"}}'"#, #"labels = '{"a": null}'"#, "create_time = 'infinity'",
    "update_time = '-infinity'", "update_time = '20000-01-01'", "name = NULL", "email = NULL", "labels = NULL",
  ]

  /// Users u1 to u40 in every order, of whom every fourth is damaged.
  private static func run(
    _ body: @escaping @Sendable (PostgresBench, PostgresUserStore, LogCapture) async throws -> Void
  ) async throws {
    try await PostgresBench.run { bench in
      try await bench.execute(
        """
        INSERT INTO users (id, email, email_normalized, name, labels, create_time, update_time, version)
        SELECT lpad(to_hex(n), 32, '0')::uuid, 'u' || n || '@example.com',
          'u' || lpad(n::text, 3, '0') || '@example.com', 'User ' || n, '{"k": "v"}', now() + n * interval '1 s', now(), 1
        FROM generate_series(1, 40) n;
        ALTER TABLE users ALTER name DROP NOT NULL, ALTER email DROP NOT NULL, ALTER labels DROP NOT NULL;
        """)
      for (index, damage) in damages.enumerated() {
        try await bench.execute("UPDATE users SET \(damage) WHERE name = 'User \((index + 1) * 4)'")
      }
      let log = LogCapture()
      let store = PostgresUserStore(client: bench.clients[0], logger: log.logger)
      try await bench.onLoop { try await body(bench, store, log) }
    }
  }

  private static var damaged: Set<UInt64> { Set((1...damages.count).map { UInt64($0 * 4) }) }

  /// A name that is NULL has no place in the order by name.
  @Test(arguments: UserOrder.Key.allCases.filter { $0 != .deleteTime }, [false, true])
  func pagesLeaveThemOut(key: UserOrder.Key, isDescending: Bool) async throws {
    try await Self.run { bench, store, log in
      for limit in [1, 2, 3, 7, 100] {
        var query = UserPageQuery(order: UserOrder(key, isDescending: isDescending), limit: limit)
        var found: [UInt64] = []
        repeat {
          let page = try await store.page(query, deadline: nil)
          #expect(page.users.count <= limit)
          found += page.users.map(\.id.low)
          query.cursor = page.next
        } while query.cursor != nil
        let wanted = Set(UInt64(1)...40).subtracting(Self.damaged)
        #expect(Set(found) == wanted && found.count == wanted.count, "\(key) by \(limit)")
      }
      #expect(store.damagedRows.count == 5 * (Self.damages.count - (key == .name ? 1 : 0)))
      #expect(log.lines.first?.contains("A stored user can't be read") == true)
      #expect(log.lines.first?.contains("example.com") == false)
    }
  }

  @Test func aFullPageOfThemIsEmptyAndNotTheLast() async throws {
    try await PostgresBench.run { bench in
      let store = PostgresUserStore(client: bench.clients[0])
      for index in 0..<20 {
        let id = UserID(high: 0, low: UInt64(index + 1))
        _ = try await store.create(.sample("u\(index)@example.com", id: id), deadline: nil)
      }
      try await bench.execute(#"UPDATE users SET labels = '{"a": 1}' WHERE id < lpad(to_hex(15), 32, '0')::uuid"#)
      var query = UserPageQuery(order: UserOrder(.id), limit: 5)
      let first = try await store.page(query, deadline: nil)
      #expect(first.users.isEmpty && first.next == .id(UserID(high: 0, low: 5)))
      query.cursor = .id(UserID(high: 0, low: 10))
      let last = try await store.page(query, deadline: nil)
      #expect(last.users.map(\.id.low) == [15] && last.next != nil)
    }
  }

  /// Lookups of a turn are one statement.
  @Test func lookupsFailEachForItself() async throws {
    try await Self.run { bench, store, log in
      let answers = await withTaskGroup(of: (UInt64, StoreOutcome).self) { group in
        for number in UInt64(1)...41 {
          group.addTask(executorPreference: bench.loops.loops[0]) {
            let answer = await outcome {
              let user = try await store.find(id: UserID(high: 0, low: number), deadline: nil)
              #expect((user == nil) == (number == 41))
            }
            return (number, answer)
          }
        }
        return await group.reduce(into: [UInt64: StoreOutcome]()) { $0[$1.0] = $1.1 }
      }
      for (number, answer) in answers {
        #expect(answer == (Self.damaged.contains(number) ? .failed(.internal) : .done))
      }
      #expect(answers.count == 41)
    }
  }

  /// A write that could not return the row does nothing. New labels repair old ones.
  @Test func writesLeaveThemAsTheyAre() async throws {
    try await Self.run { bench, store, _ in
      for (index, damage) in Self.damages.enumerated() {
        let id = UserID(high: 0, low: UInt64(index + 1) * 4)
        let rename = await outcome {
          _ = try await store.update(id, UserChange(name: "new"), expecting: .any, deadline: nil)
        }
        let delete = await outcome { _ = try await store.delete(id, expecting: .any, deadline: nil) }
        #expect(rename == .failed(.internal) && delete == .failed(.internal), "\(damage)")
        let relabel = await outcome {
          _ = try await store.update(id, UserChange(labels: ["a": "b"]), expecting: .any, deadline: nil)
        }
        #expect(relabel == (damage.hasPrefix("labels") ? .done : .failed(.internal)), "\(damage)")
      }
      let unchanged = Statement(
        "test: unchanged", "SELECT count(*) FROM users WHERE version = 1 AND delete_time IS NULL", isReadOnly: true)
      let repaired = Self.damages.count { $0.hasPrefix("labels") }
      let count = try await bench.clients[0].query(unchanged)[0][0].int64
      #expect(count == Int64(40 - repaired))
    }
  }

  /// A column of another type is every row's: a page without users would be a lie.
  @Test func aTableOfAnotherShapeFailsThePage() async throws {
    try await Self.run { bench, store, _ in
      try await bench.execute("ALTER TABLE users ALTER email TYPE bytea USING ''::bytea")
      let query = UserPageQuery(order: UserOrder(.email), limit: 5)
      #expect(await outcome { _ = try await store.page(query, deadline: nil) } == .failed(.internal))
    }
  }
}
