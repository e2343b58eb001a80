import EventLoop
public import Logging

/// Brings a database's schema to what a program needs. Replicas may run it together: an advisory lock lets one at a
/// time.
public struct Migrator: Sendable {
  private let client: PostgresClient
  private let migrations: [Migration]
  private let logger: Logger
  private let lockTimeout: Duration
  private static let pollInterval = Duration.milliseconds(100)
  /// The advisory lock's key: "migrate" as bytes.
  static let lockKey: Int64 = 0x6d_6967_7261_7465

  /// - Parameters:
  ///   - client: started; must be reachable while `run` goes on.
  ///   - lockTimeout: how long another replica's migrations are waited for.
  public init(
    client: PostgresClient, migrations: [Migration], logger: Logger, lockTimeout: Duration = .seconds(60)
  ) {
    self.client = client
    self.migrations = migrations
    self.logger = logger
    self.lockTimeout = lockTimeout
  }

  /// Applies what is missing, each migration in a transaction of its own, and notes it in `schema_migrations`, which is
  /// found or made in the first schema of the search path.
  ///
  /// A migration has no time limit; cancellation closes the connection and so rolls the running one back.
  /// - Returns: what was applied now.
  /// - Throws: `migrationFailed`, `lockNotAvailable` when another replica takes too long, or what the SQL met.
  @discardableResult
  public nonisolated(nonsending) func run() async throws -> [Migration] {
    try await client.withConnection(deadline: .max) { connection in
      try await connection.execute(
        "migrations: settings", script: "SET statement_timeout = 0; SET lock_timeout = '30s'")
      try await lock(connection)
      try await connection.execute("migrations: version table", script: Self.versionTable)
      let applied = try await self.applied(connection)
      let pending = try MigrationPlan.pending(migrations, applied: applied)
      for migration in pending { try await apply(migration, connection) }
      // The lock goes with the session, which is closed after this.
      return pending
    }
  }

  /// What `run` would apply now. Changes nothing, waits for nobody.
  /// - Throws: `migrationFailed` if the database's history is not this program's, or what the SQL met.
  public nonisolated(nonsending) func pending() async throws -> [Migration] {
    try await client.withConnection(deadline: nil) { connection in
      let hasTable = try await connection.query(Self.hasTable).first?[0].bool ?? false
      return try MigrationPlan.pending(migrations, applied: hasTable ? try await applied(connection) : [])
    }
  }

  /// Asks again and again instead of waiting in the server: a waiting session would hold back CREATE INDEX
  /// CONCURRENTLY, and could not be given up without closing it.
  private nonisolated(nonsending) func lock(_ connection: PostgresLease) async throws {
    let end = MonotonicClock.nanoseconds.saturatingAdd(lockTimeout.clampedNanoseconds)
    while true {
      let rows = try await connection.query(Self.tryLock, [.int64(Self.lockKey)])
      if try rows.first?[0].bool ?? false { return }
      guard MonotonicClock.nanoseconds < end else {
        throw PostgresError(.lockNotAvailable, "Another process has been migrating the database for too long.")
      }
      await connection.pause(Self.pollInterval)
      try Task.checkCancellation()
    }
  }

  private nonisolated(nonsending) func applied(_ connection: PostgresLease) async throws -> [MigrationPlan.Applied] {
    var applied: [MigrationPlan.Applied] = []
    for row in try await connection.query(Self.select) {
      applied.append(
        MigrationPlan.Applied(
          version: try row.decode(0, as: Int.self), name: try row[1].text, checksum: try row[2].text))
    }
    return applied
  }

  private nonisolated(nonsending) func apply(_ migration: Migration, _ connection: PostgresLease) async throws {
    do {
      try await connection.execute("migrations: begin", script: "BEGIN")
      try await connection.execute("migration \(migration.version) \(migration.name)", script: migration.sql)
      try await connection.query(
        Self.insert, [.int64(Int64(migration.version)), .text(migration.name), .text(migration.checksum)])
      let answer = try await connection.execute("migrations: commit", script: "COMMIT")
      guard answer.commandTag == "COMMIT" else {
        throw PostgresError(
          .migrationFailed, "Migration \(migration.version) \(migration.name) ended its transaction by itself.")
      }
    } catch {
      logger.error(
        "A migration failed and was rolled back.",
        metadata: ["version": "\(migration.version)", "name": "\(migration.name)", "error": "\(error)"])
      throw error
    }
    logger.notice(
      "A migration was applied.", metadata: ["version": "\(migration.version)", "name": "\(migration.name)"])
  }

  private static let tryLock = Statement("migrations: lock", "SELECT pg_try_advisory_lock($1)")
  private static let hasTable = Statement(
    "migrations: version table exists", "SELECT to_regclass('schema_migrations') IS NOT NULL", isReadOnly: true)
  private static let select = Statement(
    "migrations: applied", "SELECT version, name, checksum FROM schema_migrations ORDER BY version", isReadOnly: true)
  private static let insert = Statement(
    "migrations: note", "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)")
  private static let versionTable = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
      version bigint PRIMARY KEY,
      name text NOT NULL,
      checksum text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    )
    """
}

extension PostgresLease {
  /// Suspends the caller by a timer of the lease's loop. Not cut short by cancellation: only for short times.
  nonisolated(nonsending) func pause(_ time: Duration) async {
    let loop = lease.client.loop
    await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      loop.execute {
        // The timer holds itself until it fires.
        var timer: LoopTimer?
        timer = LoopTimer(on: loop) {
          timer = nil
          continuation.resume()
        }
        timer?.schedule(after: time)
      }
    }
  }
}
