import EventLoop
import Glibc
import Logging
import TestSupport
import Testing
import UserService
import UserStoreContract

@testable import Postgres
@testable import PostgresUserStore

/// A database of the version before with a million users, half of them deleted in a row: it is brought up to date while
/// others use it, and then every page is found by an index. TEST_USERS says another number.
@Suite struct MillionUsersTests {
  private static let count: Int = {
    guard let text = getenv("TEST_USERS"), let count = Int(String(cString: text)) else { return 1_000_000 }
    return count
  }()

  @Test func upgradedUnderLoadAndReadByIndexes() async throws {
    try await PostgresBench.run(processes: 2, migrates: false) { bench in
      try await Self.migrate(bench.clients[0], Array(UserMigrations.all.prefix(1)))
      try await Self.execute(
        bench,
        """
        SET statement_timeout = 0;
        INSERT INTO users (id, email, email_normalized, name, labels, create_time, update_time, delete_time, purge_time,
          version)
        SELECT lpad(to_hex(n), 32, '0')::uuid, 'u' || lpad(n::text, 9, '0') || '@example.com',
          'u' || lpad(n::text, 9, '0') || '@example.com', 'User ' || lpad(n::text, 9, '0'), '{"k": "v"}', now() + n * interval '1 ms',
          now() + n * interval '1 ms',
          CASE WHEN n <= \(Self.count / 2) THEN now() + n * interval '1 ms' END,
          CASE WHEN n <= \(Self.count / 2) THEN now() END, 1
        FROM generate_series(1, \(Self.count)) n;
        ANALYZE users
        """)
      try await Self.upgrade(bench)
      try await Self.execute(bench, "SET statement_timeout = 0; ANALYZE users")
      try await Self.checkPlans(bench)
    }
  }

  /// A million rows take a while on a busy machine.
  private static func execute(_ bench: PostgresBench, _ sql: String) async throws {
    try await bench.clients[0].withConnection(deadline: .max) { _ = try await $0.execute("test", script: sql) }
  }

  private static func migrate(_ client: PostgresClient, _ migrations: [Migration]) async throws {
    try await Migrator(client: client, migrations: migrations, logger: .silent).run()
  }

  // MARK: The upgrade

  /// Readers and writers for whom a lock of a second is a failure.
  private static func upgrade(_ bench: PostgresBench) async throws {
    let longest = try await withThrowingTaskGroup(of: Duration.self) { group in
      for index in 0..<4 {
        group.addTask {
          try await bench.clients[1].withConnection(deadline: nil) { try await use($0, index) }
        }
      }
      try await migrate(bench.clients[0], UserMigrations.all)
      group.cancelAll()
      return try await group.reduce(.zero, max)
    }
    print("The longest statement beside the upgrade of \(count) users took \(longest).")
    let invalid = Statement("test_invalid", "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")
    #expect(try await bench.clients[0].query(invalid).map { try $0[0].text } == [])
  }

  private static func use(_ connection: PostgresLease, _ index: Int) async throws -> Duration {
    try await connection.execute("test", script: "SET lock_timeout = '1s'")
    var longest = Duration.zero
    // Each its own half of the live users.
    var next = Int64(count / 2) + Int64(index) * Int64(count / 16)
    while !Task.isCancelled {
      next += 1
      for statement in uses {
        let began = ContinuousClock.now
        do {
          try await connection.query(statement, [.int64(next), .int64(Int64(index))])
        } catch {
          if error.code == .cancelled { return longest }
          throw error
        }
        longest = max(longest, ContinuousClock.now - began)
      }
    }
    return longest
  }

  /// $1 is a user's number, $2 the task's.
  private static let id = "lpad(to_hex($1::bigint), 32, '0')::uuid"
  private static let read = Statement("test_read", "SELECT * FROM users WHERE id = \(id) AND $2::bigint >= 0")
  private static let list = Statement(
    "test_list",
    "SELECT * FROM users WHERE delete_time IS NULL AND id > \(id) AND $2::bigint >= 0 ORDER BY id LIMIT 50")
  private static let create = Statement(
    "test_create",
    """
    INSERT INTO users (id, email, email_normalized, name, labels, create_time, update_time, version)
    SELECT gen_random_uuid(), email, email, '', '{}', now(), now(), 1
    FROM (SELECT 'new' || $1::bigint || '-' || $2::bigint || '@example.com' AS email) given
    """)
  private static let rename = Statement(
    "test_rename", "UPDATE users SET name = 'New', version = version + $2::bigint WHERE id = \(id)")
  private static let delete = Statement(
    "test_delete",
    "UPDATE users SET delete_time = now(), purge_time = now() + interval '1 day' WHERE id = \(id) AND $2::bigint >= 0")
  private static let undelete = Statement(
    "test_undelete", "UPDATE users SET delete_time = NULL, purge_time = NULL WHERE id = \(id) AND $2::bigint >= 0")

  private static let uses: [Statement] = [Self.read, Self.list, Self.create, Self.rename, Self.delete, Self.undelete]

  // MARK: The plans

  private static func checkPlans(_ bench: PostgresBench) async throws {
    try await bench.clients[0].withConnection(deadline: .max) { connection in
      for mode in ["force_generic_plan", "force_custom_plan"] {
        try await connection.execute("test", script: "SET plan_cache_mode = \(mode)")
        for page in pages {
          check(try await plan(of: page.statement, page.parameters, connection), of: page.statement, mode)
        }
        checkPurge(try await plan(of: PurgeSQL.isDue, "", connection), mode)
        checkPurge(try await plan(of: PurgeSQL.delete, "(100)", connection), mode)
      }
    }
  }

  /// An index hands out the rows of a page in order, and none that the page does not have.
  private static func check(_ plan: String, of statement: Statement, _ mode: String) {
    let comment = Comment(rawValue: "\(statement.name), \(mode)\n\(plan)")
    #expect(plan.contains("Index Scan") || plan.contains("Index Only Scan"), comment)
    for word in ["Seq Scan", "Bitmap", "Rows Removed"] { #expect(!plan.contains(word), comment) }
    // Two indexes' parts of a page are sorted together, and a label's page is; no more than these.
    let isMerged = plan.contains("Append")
    let isLabelled = statement.name.contains("_label")
    #expect(isMerged || isLabelled || !plan.contains("Sort"), comment)
    // No part of it reads more rows than the page has.
    let rows = plan.matches(of: #/actual rows=(\d+) /#).compactMap { Int($0.output.1) }
    #expect((rows.max() ?? .max) <= (isMerged ? 102 : 51), comment)
  }

  private static func checkPurge(_ plan: String, _ mode: String) {
    // There are no sessions in this database.
    let isByIndex = plan.contains("users_purge_time_idx") && !plan.contains("Seq Scan on users")
    #expect(isByIndex, Comment(rawValue: "\(mode)\n\(plan)"))
  }

  /// All that the store has, with parameters that put half a million deleted users in their way.
  private static var pages: [(statement: Statement, parameters: String)] {
    var pages: [(statement: Statement, parameters: String)] = []
    for key in UserOrder.Key.allCases {
      for isDescending in [false, true] {
        for states in UserStates.allCases {
          let order = UserOrder(key, isDescending: isDescending)
          pages += lists(UserPageQuery(order: order, states: states, limit: 50))
        }
      }
    }
    return pages
  }

  /// A list without and with a range, without and with a label, its first page and a later one.
  private static func lists(_ query: UserPageQuery) -> [(statement: Statement, parameters: String)] {
    let (key, isDescending) = (query.order.key, query.order.isDescending)
    let cursor = cursor(key, after: isDescending ? count / 2 + 10 : 1)
    var pages: [(statement: Statement, parameters: String)] = []
    for hasLabel in key == .createTime ? [false, true] : [false] {
      for hasRange in key == .email || key == .id ? [false] : [false, true] {
        var query = query
        if hasLabel { query.label = UserLabel(key: "k", value: "v") }
        if hasRange { query.range = key == .name ? .names("", "") : .times(TimeRange()) }
        let (lower, upper) = (bound(key, 100), bound(key, count))
        let label = hasLabel ? ", 'k', 'v'" : ""
        let end = hasRange ? ", \(isDescending ? lower : upper)" : ""
        pages.append((UserSQL.page(query), "(51\(hasRange ? ", \(isDescending ? upper : lower)" : "")\(end)\(label))"))
        // Only whether there is one matters.
        query.cursor = .id(UserID(high: 0, low: 1))
        pages.append((UserSQL.page(query), "(51, \(cursor)\(end)\(label))"))
      }
    }
    return pages
  }

  private static func bound(_ key: UserOrder.Key, _ number: Int) -> String {
    key == .name
      ? "'User ' || lpad('\(number)', 9, '0')"
      : "current_setting('test.begin')::timestamptz + \(number) * interval '1 ms'"
  }

  private static func cursor(_ key: UserOrder.Key, after number: Int) -> String {
    let id = "lpad(to_hex(\(number)), 32, '0')::uuid"
    switch key {
    case .createTime, .updateTime, .deleteTime, .name: return "\(bound(key, number)), \(id)"
    case .email: return "'u' || lpad('\(number)', 9, '0') || '@example.com'"
    case .id: return id
    }
  }

  private static func plan(
    of statement: Statement, _ parameters: String, _ connection: PostgresLease
  ) async throws -> String {
    try await connection.execute(
      "test", script: "PREPARE \(statement.name)_plan AS \(statement.sql)")
    try await connection.execute("test", script: "BEGIN")
    let rows = try await connection.execute(
      "test",
      script: """
        SELECT set_config('test.begin', (SELECT min(create_time) - interval '1 ms' FROM users)::text, false);
        EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE \(statement.name)_plan\(parameters)
        """)
    let plan = try rows.map { try $0[0].text }.joined(separator: "\n")
    try await connection.execute("test", script: "ROLLBACK; DEALLOCATE \(statement.name)_plan")
    return plan
  }
}
