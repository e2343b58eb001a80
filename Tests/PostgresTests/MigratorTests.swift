import Logging
import Testing

@testable import Postgres

@Suite struct MigratorTests {
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
        client: bench.client, migrations: Self.migrations, logger: Logger(label: "test"), lockTimeout: .milliseconds(250))
      #expect(try await postgresError { try await migrator.run() }.code == .lockNotAvailable)
    }
  }
}
