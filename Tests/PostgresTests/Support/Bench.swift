import EventLoop
import Glibc
import TestSupport
import Testing

@testable import Postgres

/// A client on a schema of its own, with what a test needs around it.
struct Bench: Sendable {
  let client: PostgresClient
  let loops: EventLoopGroup
  let admin: Admin
  /// Schema, application name: unique to the test.
  let name: String
  let log: LogCapture

  /// Runs `body` and takes everything down again, whatever it throws.
  static func run<T: Sendable>(
    loops count: Int = 1, through proxy: FaultyProxy? = nil, waitsUntilAvailable: Bool = true,
    _ adjust: (inout PostgresConfiguration) -> Void = { _ in },
    _ body: @Sendable (Bench) async throws -> T
  ) async throws -> T {
    let admin = try Admin()
    let name = "pgtest_\(UInt64.random(in: 0..<(.max)))"
    try admin.run("CREATE SCHEMA \(name)")
    var configuration = PostgresConfiguration(url: try TestDatabase.url(schema: name, proxy: proxy))
    configuration.applicationName = name
    // All tests open their connections at once, and each costs the server a process.
    if proxy == nil { configuration.connectTimeout = .seconds(30) }
    adjust(&configuration)
    let log = LogCapture()
    let loops = try EventLoopGroup(count: count, name: "test")
    let client = try PostgresClient(configuration: configuration, loops: loops, logger: log.logger)
    let bench = Bench(client: client, loops: loops, admin: admin, name: name, log: log)
    client.start()
    let result: Result<T, any Error>
    do {
      if waitsUntilAvailable { try await bench.until { client.isAvailable } }
      result = .success(try await body(bench))
    } catch {
      result = .failure(error)
    }
    await client.shutdown()
    loops.shutdown()
    try admin.run("DROP SCHEMA \(name) CASCADE")
    return try result.get()
  }

  /// Waits for what happens by itself; fails after a time that is long for any machine.
  func until(
    _ what: String = "condition", location: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
  ) async throws {
    for _ in 0..<3000 {
      if try await condition() { return }
      try await Task.sleep(nanoseconds: 10_000_000)
    }
    Issue.record("never: \(what)", sourceLocation: location)
    throw TestFailure("never: \(what)")
  }

  /// Runs `body` on a loop, as a handler does.
  func onLoop<T: Sendable>(_ index: Int = 0, _ body: @escaping @Sendable () async throws -> T) async throws -> T {
    try await Task(executorPreference: loops.loops[index]) { try await body() }.value
  }

  func table(_ columns: String, _ name: String = "t") throws {
    try admin.run("CREATE TABLE \(self.name).\(name) (\(columns))")
  }
}

extension TestDatabase {
  static func url(schema: String, proxy: FaultyProxy? = nil) throws -> String {
    let target = try ConnectionString(try url())
    var values = target.options
    let host = target.hosts[0]
    values["host"] = host.name
    values["hostaddr"] = host.address
    values["port"] = host.port
    if let proxy {
      values["host"] = "127.0.0.1"
      values["hostaddr"] = nil
      values["port"] = "\(proxy.port)"
      values["sslmode"] = "disable"
    }
    values["options"] = "-c search_path=\(schema)"
    return values.map { "\($0.key)='\($0.value)'" }.joined(separator: " ")
  }
}

/// The error that a body throws as a `PostgresError`.
func postgresError<T>(
  _ location: SourceLocation = #_sourceLocation, _ body: () async throws -> T
) async throws -> PostgresError {
  do {
    _ = try await body()
  } catch let error as PostgresError {
    return error
  }
  Issue.record("no error was thrown", sourceLocation: location)
  throw TestFailure("no error was thrown")
}
