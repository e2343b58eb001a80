import Logging
import TestSupport
import Testing
import UserService
import UserStoreContract

@testable import Postgres
@testable import PostgresUserStore

@Suite struct UserMigrationTests {
  private static func migrator(_ client: PostgresClient) -> Migrator {
    Migrator(
      client: client, migrations: UserMigrations.all, logger: .silent)
  }

  @Test func twoProcessesMigrateTogether() async throws {
    try await PostgresBench.run(processes: 2, migrates: false) { bench in
      let applied = try await withThrowingTaskGroup(of: [Migration].self) { group in
        for client in bench.clients + bench.clients { group.addTask { try await Self.migrator(client).run() } }
        return try await group.reduce(into: []) { $0 += $1 }
      }
      #expect(applied.map(\.version) == UserMigrations.all.map(\.version))
      for client in bench.clients {
        _ = try await PostgresUserStore(client: client).create(.sample("\(UserID.random())@example.com"), deadline: nil)
        #expect(try await Self.migrator(client).run().isEmpty)
      }
    }
  }

  /// Before the schema is there, callers learn that the service failed and no more.
  @Test func withoutTheSchemaItIsInternal() async throws {
    try await PostgresBench.run(migrates: false) { bench in
      let store = PostgresUserStore(client: bench.clients[0])
      #expect(await outcome { _ = try await store.find(id: .random(), deadline: nil) } == .failed(.internal))
    }
  }

  @Test func versionsAndNamesFollowTheFiles() {
    // A number may be left out: that of a migration that was given up before a release.
    let versions = UserMigrations.all.map(\.version)
    #expect(versions.first == 1 && versions == Set(versions).sorted())
    #expect(UserMigrations.all.allSatisfy { !$0.text.isEmpty && !$0.text.contains("\0") })
  }
}
