import EventLoop
import Logging
import PostgresUserStore
import TestSupport

@testable import Postgres

/// A database of its own, with the service's schema, and clients on it that stand for a process each.
struct PostgresBench: Sendable {
  let clients: [PostgresClient]
  let loops: EventLoopGroup

  /// The URL of another database on the same server.
  static func url(database: String) throws -> String {
    let target = try ConnectionString(try TestDatabase.url())
    var values = target.options
    guard let host = target.hosts.first else { throw TestFailure("TEST_DATABASE_URL names no host") }
    values["host"] = host.name
    values["hostaddr"] = host.address
    values["port"] = host.port
    values["dbname"] = database
    return values.map { "\($0.key)='\($0.value)'" }.joined(separator: " ")
  }

  /// A server has 100 connections, and other tests run beside these.
  private static let gate = Gate(4)

  static func run(
    processes: Int = 1, migrates: Bool = true,
    adjust: @escaping @Sendable (inout PostgresConfiguration) -> Void = { _ in },
    _ body: @escaping @Sendable (PostgresBench) async throws -> Void
  ) async throws {
    await gate.enter()
    let result: Result<Void, any Error>
    do {
      result = .success(try await runAlone(processes, migrates, adjust, body))
    } catch {
      result = .failure(error)
    }
    await gate.leave()
    try result.get()
  }

  private static func runAlone(
    _ processes: Int, _ migrates: Bool, _ adjust: (inout PostgresConfiguration) -> Void,
    _ body: @escaping @Sendable (PostgresBench) async throws -> Void
  ) async throws {
    let name = "users_test_\(UInt64.random(in: 0..<(.max)))"
    let loops = try EventLoopGroup(count: 2, name: "test")
    let admin = try client(try TestDatabase.url(), loops)
    var clients: [PostgresClient] = []
    var failure: (any Error)?
    do {
      try await waitUntilAvailable(admin)
      try await execute(admin, "CREATE DATABASE \(name)")
      for _ in 0..<processes { clients.append(try client(try url(database: name), loops, adjust)) }
      if migrates { try await Migrator(client: clients[0], migrations: UserMigrations.all, logger: .silent).run() }
      try await body(PostgresBench(clients: clients, loops: loops))
    } catch {
      failure = error
    }
    for client in clients { await client.shutdown() }
    do {
      try await execute(admin, "DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
    } catch {
      failure = failure ?? error
    }
    await admin.shutdown()
    loops.shutdown()
    if let failure { throw failure }
  }

  /// Runs `body` on a loop, as a handler does.
  func onLoop<T: Sendable>(_ index: Int = 0, _ body: @escaping @Sendable () async throws -> T) async throws -> T {
    try await Task(executorPreference: loops.loops[index]) { try await body() }.value
  }

  /// SQL as the owner of the table, beside the store.
  func execute(_ sql: String) async throws { try await Self.execute(clients[0], sql) }

  private static func execute(_ client: PostgresClient, _ sql: String) async throws {
    try await client.withConnection(deadline: nil) { _ = try await $0.execute("test", script: sql) }
  }

  /// Until every loop has reached the database: before, a busy machine may make a client refuse its first calls.
  private static func waitUntilAvailable(_ client: PostgresClient) async throws {
    for _ in 0..<3000 {
      if client.isAvailable { return }
      try await Task.sleep(nanoseconds: 10_000_000)
    }
    throw TestFailure("The test database cannot be reached: run `make test`, which starts one.")
  }

  private static func client(
    _ url: String, _ loops: EventLoopGroup, _ adjust: (inout PostgresConfiguration) -> Void = { _ in }
  ) throws -> PostgresClient {
    var configuration = PostgresConfiguration(url: url)
    // The tests run side by side on one server.
    configuration.sharedConnectionsPerLoop = 1
    configuration.poolSize = 1
    configuration.poolOverflow = 2
    configuration.connectTimeout = .seconds(30)
    adjust(&configuration)
    let client = try PostgresClient(configuration: configuration, loops: loops, logger: .silent)
    client.start()
    return client
  }
}
