import Logging
import TestSupport
import Testing

@testable import Postgres

/// One after the other: all use the advisory lock of one database.
@Suite(.serialized) struct MigratorTests {
  private static let migrations = [
    Migration(version: 1, name: "users", sql: "CREATE TABLE users (id int8 PRIMARY KEY); CREATE INDEX ON users (id);"),
    Migration(version: 2, name: "rows", sql: "INSERT INTO users SELECT generate_series(1, 10)"),
  ]

  private func migrator(_ bench: Bench, _ migrations: [Migration] = migrations) -> Migrator {
    Migrator(client: bench.client, migrations: migrations, logger: Logger(label: "test") { _ in bench.log })
  }

  @Test func appliesOnceAndInOrder() async throws {
    try await Bench.run { bench in
      #expect(try await migrator(bench, [Self.migrations[0]]).run().map(\.version) == [1])
      #expect(try await migrator(bench).run().map(\.version) == [2])
      #expect(try await migrator(bench).run().isEmpty)
      #expect(try bench.admin.run("SELECT count(*) FROM \(bench.name).users")[0][0] == "10")
      let noted = try bench.admin.run("SELECT version, name FROM \(bench.name).schema_migrations ORDER BY 1")
      #expect(noted == [["1", "users"], ["2", "rows"]])
    }
  }

  @Test func failureRollsBackItsOwnOnly() async throws {
    try await Bench.run { bench in
      let broken = Migration(version: 3, name: "broken", sql: "CREATE TABLE half (id int8); SELECT 1 / 0")
      let error = try await postgresError { try await migrator(bench, Self.migrations + [broken]).run() }
      #expect(error.sqlState == "22012" && error.statement == "migration 3 broken")
      #expect(try bench.admin.run("SELECT to_regclass('\(bench.name).half')")[0][0] == nil)
      #expect(try bench.admin.run("SELECT max(version) FROM \(bench.name).schema_migrations")[0][0] == "2")
      let mended = Migration(version: 3, name: "mended", sql: "CREATE TABLE half (id int8)")
      #expect(try await migrator(bench, Self.migrations + [mended]).run().map(\.version) == [3])
    }
  }

  @Test func changedMigrationIsRefused() async throws {
    try await Bench.run { bench in
      try await migrator(bench).run()
      let changed = [Self.migrations[0], Migration(version: 2, name: "rows", sql: "SELECT 2")]
      #expect(try await postgresError { try await migrator(bench, changed).run() }.code == .migrationFailed)
    }
  }

  @Test func replicasStartTogether() async throws {
    try await Bench.run(loops: 2) { bench in
      let migrator = migrator(bench)
      let applied = try await withThrowingTaskGroup(of: [Migration].self) { group in
        for _ in 0..<6 { group.addTask { try await migrator.run() } }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      #expect(applied.map(\.version).sorted() == [1, 2])
      #expect(try bench.admin.run("SELECT count(*) FROM \(bench.name).users")[0][0] == "10")
    }
  }

  @Test func anotherProcessThatTakesTooLong() async throws {
    try await Bench.run { bench in
      let holder = try Admin()
      try holder.run("SELECT pg_advisory_lock(\(Migrator.lockKey))")
      let migrator = Migrator(
        client: bench.client, migrations: Self.migrations, logger: Logger(label: "test"),
        patience: .milliseconds(250))
      #expect(try await postgresError { try await migrator.run() }.code == .lockNotAvailable)
    }
  }

  // MARK: Beside others who use the database

  private static let table = Migration(
    version: 1, name: "table", sql: "CREATE TABLE t (id int8, n int8); INSERT INTO t VALUES (1, 1), (2, 1)")
  private static let index = Migration(
    version: 2, name: "index",
    sql: """
      -- without a transaction
      -- A comment; with a semicolon.
      CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_n_key ON t (n)
        WHERE n > 0;
      CREATE TABLE IF NOT EXISTS beside (id int8);
      """)

  /// CREATE INDEX CONCURRENTLY leaves an invalid index when it fails, which IF NOT EXISTS would take for a good one.
  @Test func anIndexThatWasLeftHalfBuiltIsBuiltAnew() async throws {
    try await Bench.run { bench in
      let migrator = migrator(bench, [Self.table, Self.index])
      #expect(try await postgresError { try await migrator.run() }.code == .uniqueViolation)
      let validity = "SELECT indisvalid FROM pg_index WHERE indexrelid = '\(bench.name).t_n_key'::regclass"
      #expect(try bench.admin.run(validity)[0][0] == "f")
      #expect(try bench.admin.run("SELECT max(version) FROM \(bench.name).schema_migrations")[0][0] == "1")
      try bench.admin.run("UPDATE \(bench.name).t SET n = id")
      #expect(try await migrator.run().map(\.version) == [2])
      #expect(try bench.admin.run(validity)[0][0] == "t")
      #expect(try bench.admin.run("SELECT count(*) FROM \(bench.name).beside")[0][0] == "0")
    }
  }

  /// An index waits for a transaction that is older, and so do other replicas; readers and writers go on meanwhile.
  @Test func anIndexWaitsForOldTransactionsAndHoldsNobodyUp() async throws {
    try await Bench.run(loops: 2) { bench in
      try await migrator(bench, [Self.table]).run()
      try bench.admin.run("UPDATE \(bench.name).t SET n = id")
      let old = try Admin()
      try old.run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM \(bench.name).t")
      let migrator = migrator(bench, [Self.table, Self.index])
      async let first = migrator.run()
      async let second = migrator.run()
      let waits = "SELECT FROM pg_stat_activity WHERE application_name = '\(bench.name)' AND wait_event = 'virtualxid'"
      try await bench.until("the index waits") { try !bench.admin.run(waits).isEmpty }
      // Longer than an attempt waits for a lock that holds others up.
      try await Task.sleep(for: .milliseconds(700))
      try bench.admin.run("SET lock_timeout = '5s'; UPDATE \(bench.name).t SET n = n + 10")
      #expect(try bench.admin.run("SELECT sum(n) FROM \(bench.name).t")[0][0] == "23")
      #expect(try !bench.admin.run(waits).isEmpty)
      try old.run("COMMIT")
      #expect(try await (first + second).map(\.version) == [2])
    }
  }

  /// Who waits for a strong lock makes all others wait behind him.
  @Test func aStrongLockIsAskedForAgainAndAgain() async throws {
    try await Bench.run { bench in
      try await migrator(bench, [Self.table]).run()
      let reader = try Admin()
      try reader.run("BEGIN; SELECT count(*) FROM \(bench.name).t")
      let migrator = migrator(
        bench, [Self.table, Migration(version: 2, name: "strong", sql: "ALTER TABLE t ADD COLUMN more int8")])
      async let applied = migrator.run()
      try bench.admin.run("SET lock_timeout = '5s'")
      try await bench.until("the migration was tried twice") {
        let count = try bench.admin.run("SELECT count(*) FROM \(bench.name).t")
        #expect(count[0][0] == "2")
        return bench.log.lines.filter { $0.contains("timed out on a lock") }.count >= 2
      }
      try reader.run("COMMIT")
      #expect(try await applied.map(\.version) == [2])
      #expect(try bench.admin.run("SELECT count(more) FROM \(bench.name).t")[0][0] == "0")
    }
  }

  @Test func aLockThatIsNeverGivenEndsIt() async throws {
    try await Bench.run { bench in
      try await migrator(bench, [Self.table]).run()
      let reader = try Admin()
      try reader.run("BEGIN; SELECT count(*) FROM \(bench.name).t")
      let strong = Migration(version: 2, name: "strong", sql: "ALTER TABLE t ADD COLUMN more int8")
      let migrator = Migrator(
        client: bench.client, migrations: [Self.table, strong], logger: Logger(label: "test"), patience: .zero)
      #expect(try await postgresError { try await migrator.run() }.code == .lockNotAvailable)
    }
  }

  /// Code is in no transaction, and is repeated from its start when it met a lock.
  @Test func codeRunsOnTheMigratorsConnection() async throws {
    try await Bench.run { bench in
      let attempts = Shared(0)
      let code = Migration(version: 2, name: "code", revision: "1") { connection in
        try await connection.execute("begin", script: "BEGIN")
        try await connection.query(Statement("add", "INSERT INTO t VALUES ($1, $1)"), [.int64(7)])
        guard attempts.change({ $0 += 1 }) == 2 else { throw PostgresError(.lockNotAvailable, "test") }
        try await connection.execute("commit", script: "COMMIT")
      }
      let applied = try await migrator(bench, [Self.table, code]).run()
      #expect(applied.map(\.version) == [1, 2])
      #expect(attempts.value == 2)
      let rows = try bench.admin.run("SELECT id FROM \(bench.name).t WHERE id = 7")
      #expect(rows.count == 1)
      let other = Migration(version: 2, name: "code", revision: "2") { _ in }
      let error = try await postgresError { try await migrator(bench, [Self.table, other]).run() }
      #expect(error.code == .migrationFailed)
    }
  }
}
