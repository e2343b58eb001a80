import PostgresUserStore
import ServiceTesting

extension ServiceBench {
  /// The service over Postgres, with a database of its own. A process more than one is a client beside the service.
  static func run(
    processes: Int = 1, retention: Duration = PostgresUserStore.defaultRetention,
    _ body: @escaping @Sendable (ServiceBench, PostgresBench) async throws -> Void
  ) async throws {
    try await PostgresBench.run(processes: processes) { database in
      let store = PostgresUserStore(client: database.clients[0], retention: retention)
      try await run(store, loops: database.loops) { try await body($0, database) }
    }
  }
}
