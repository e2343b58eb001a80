import EventLoop
public import Logging
import Primitives

/// Applies a program's migrations to a database, while other programs use it. Several replicas may run it at the same
/// time: an advisory lock makes them take turns.
///
/// It blocks other sessions only for moments. A session that waits for a strong lock blocks all that come after it, so
/// a migration waits at most `lockTimeout` for a lock, and is repeated until `patience` is over. CREATE INDEX
/// CONCURRENTLY blocks nobody, and waits for as long as it must.
/// https://www.postgresql.org/docs/15/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
public struct Migrator: Sendable {
  private let client: PostgresClient
  private let migrations: [Migration]
  private let logger: Logger
  private let patience: Duration
  private let lockTimeout: Duration
  private static let pollInterval = Duration.milliseconds(100)
  /// The advisory lock's key: "migrate" as bytes.
  static let lockKey: Int64 = 0x6d_6967_7261_7465

  /// - Parameters:
  ///   - client: started; must be able to reach the database until `run` returns.
  ///   - patience: how long it retries one migration while others hold locks, and how long it waits for another
  ///     replica's migrations.
  ///   - lockTimeout: how long an attempt waits for a lock, and so how long others may wait behind it.
  public init(
    client: PostgresClient, migrations: [Migration], logger: Logger, patience: Duration = .seconds(3600),
    lockTimeout: Duration = .milliseconds(300)
  ) {
    self.client = client
    self.migrations = migrations
    self.logger = logger
    self.patience = patience
    self.lockTimeout = lockTimeout
  }

  /// Applies the migrations that are missing, and records each in `schema_migrations`, which it creates in the first
  /// schema of the search path if there is none.
  ///
  /// A migration has no time limit; cancellation closes the connection and so rolls the running command back.
  /// - Returns: what was applied now.
  /// - Throws: `migrationFailed`, `lockNotAvailable` if others hold a lock for longer than `patience`, or the error
  ///   of the SQL or the code.
  @discardableResult
  public nonisolated(nonsending) func run() async throws -> [Migration] {
    try await client.withConnection(deadline: .max) { connection in
      try await connection.execute("migrations: settings", script: "SET statement_timeout = 0; \(lockTimeoutSetting)")
      try await lock(connection)
      let applied = try await self.applied(connection)
      let pending = try MigrationPlan.pending(migrations, applied: applied)
      for migration in pending { try await apply(migration, connection) }
      // Closing the session afterwards releases the lock.
      return pending
    }
  }

  /// What `run` would apply now. Changes nothing, and waits for no other process. If the database has later migrations
  /// than the program knows, and the program still works with them, the log says so.
  /// - Throws: `migrationFailed` if the database's history is not this program's, or the error of a query.
  public nonisolated(nonsending) func pending() async throws -> [Migration] {
    try await client.withConnection(deadline: nil) { connection in
      let applied = try await applied(connection)
      let pending = try MigrationPlan.pending(migrations, applied: applied)
      let later = MigrationPlan.later(migrations, applied: applied)
      if later > 0 {
        logger.warning(
          "The database has later migrations than this version knows; it works with them.",
          metadata: ["count": "\(later)"])
      }
      return pending
    }
  }

  /// Polls instead of waiting in the server. CREATE INDEX CONCURRENTLY waits for all older transactions, so it would
  /// wait for one that waits for this lock. And the only way to stop a session from waiting is to close it.
  private nonisolated(nonsending) func lock(_ connection: PostgresLease) async throws {
    let end = MonotonicClock.nanoseconds.saturatingAdd(patience.clampedNanoseconds)
    var isFirst = true
    while true {
      let rows = try await connection.query(Self.tryLock, [.int64(Self.lockKey)])
      if try rows.first?[0].bool ?? false { return }
      if isFirst { logger.notice("Another process is migrating the database: waiting for it to finish.") }
      isFirst = false
      guard MonotonicClock.nanoseconds < end else {
        throw PostgresError(.lockNotAvailable, "Another process has been migrating the database for too long.")
      }
      await connection.pause(Self.pollInterval)
      try Task.checkCancellation()
    }
  }

  private nonisolated(nonsending) func applied(_ connection: PostgresLease) async throws -> [MigrationPlan.Applied] {
    guard try await connection.query(Self.hasTable).first?[0].bool ?? false else { return [] }
    var applied: [MigrationPlan.Applied] = []
    for row in try await connection.query(Self.select) {
      applied.append(
        MigrationPlan.Applied(
          version: try row.decode(0, as: Int.self), name: try row[1].text, checksum: try row[2].text,
          needs: try row.decode(3, as: Int?.self) ?? 0))
    }
    return applied
  }

  /// Tries again after each lock timeout, until `patience` is over.
  private nonisolated(nonsending) func apply(_ migration: Migration, _ connection: PostgresLease) async throws {
    let end = MonotonicClock.nanoseconds.saturatingAdd(patience.clampedNanoseconds)
    // Long enough for sessions that waited behind an attempt to get through before the next one.
    var backoff = Backoff(first: lockTimeout * 2, limit: .seconds(5))
    var random = SystemRandomNumberGenerator()
    let metadata: Logger.Metadata = ["version": "\(migration.version)", "name": "\(migration.name)"]
    logger.info("A migration begins.", metadata: metadata)
    while true {
      do {
        try await attempt(migration, connection)
        return logger.notice("A migration was applied.", metadata: metadata)
      } catch {
        let details = metadata.merging(["error": "\(error)"]) { $1 }
        guard Self.isLocked(error), MonotonicClock.nanoseconds < end else {
          logger.error("A migration failed.", metadata: details)
          throw error
        }
        logger.notice("A migration timed out on a lock; trying again.", metadata: details)
        try await connection.execute("migrations: rollback", script: "ROLLBACK; \(lockTimeoutSetting)")
        await connection.pause(backoff.next(using: &random))
        try Task.checkCancellation()
      }
    }
  }

  private static func isLocked(_ error: any Error) -> Bool {
    guard let error = error as? PostgresError else { return false }
    return error.code == .lockNotAvailable || error.code == .deadlockDetected
  }

  private nonisolated(nonsending) func attempt(_ migration: Migration, _ connection: PostgresLease) async throws {
    let name = "migration \(migration.version) \(migration.name)"
    try await connection.execute("migrations: version table", script: Self.versionTable)
    switch migration.form {
    case .transaction:
      try await connection.execute("migrations: begin", script: "BEGIN")
      try await connection.execute(name, script: migration.text)
      try await note(migration, connection)
      let answer = try await connection.execute("migrations: commit", script: "COMMIT")
      guard answer.commandTag == "COMMIT" else {
        throw PostgresError(
          .migrationFailed, "Migration \(migration.version) \(migration.name) ended its own transaction.")
      }
    case .statements(let statements):
      try await dropInvalidIndexes(of: migration, connection)
      for statement in statements { try await run(statement, name, connection) }
      try await note(migration, connection)
    case .code(let code):
      try await code(connection)
      try await note(migration, connection)
    }
  }

  private nonisolated(nonsending) func run(
    _ statement: String, _ name: String, _ connection: PostgresLease
  ) async throws {
    // While it waits for old transactions it blocks nobody. A timeout would leave an invalid index, and lose its work.
    let isConcurrent = statement.contains(" CONCURRENTLY ")
    if isConcurrent { try await connection.execute(name, script: "SET lock_timeout = 0") }
    try await connection.execute(name, script: statement)
    if isConcurrent { try await connection.execute(name, script: lockTimeoutSetting) }
  }

  private nonisolated(nonsending) func dropInvalidIndexes(
    of migration: Migration, _ connection: PostgresLease
  ) async throws {
    for row in try await connection.query(Self.selectInvalidIndexes, [.text(migration.text)]) {
      let name = try row[0].text
      logger.notice("Dropping an index that an interrupted migration left half built.", metadata: ["index": "\(name)"])
      try await run("DROP INDEX CONCURRENTLY IF EXISTS \(name)", "migrations: drop an invalid index", connection)
    }
  }

  private nonisolated(nonsending) func note(_ migration: Migration, _ connection: PostgresLease) async throws {
    try await connection.query(
      Self.insert,
      [
        .int64(Int64(migration.version)), .text(migration.name), .text(migration.checksum),
        .int64(Int64(migration.needs)),
      ])
  }

  private var lockTimeoutSetting: String { "SET lock_timeout = \(max(1, lockTimeout.wholeMilliseconds))" }

  private static let tryLock = Statement("migrations: lock", "SELECT pg_try_advisory_lock($1)")
  private static let hasTable = Statement(
    "migrations: version table exists", "SELECT to_regclass('schema_migrations') IS NOT NULL", isReadOnly: true)
  /// Reads `needs` from the row as jsonb, because the table of an earlier version lacks that column.
  private static let select = Statement(
    "migrations: applied",
    """
    SELECT version, name, checksum, (to_jsonb(applied) ->> 'needs')::bigint FROM schema_migrations applied ORDER BY version
    """, isReadOnly: true)
  private static let insert = Statement(
    "migrations: note", "INSERT INTO schema_migrations (version, name, checksum, needs) VALUES ($1, $2, $3, $4)")
  /// Invalid indexes that $1 names, in the schema in which CREATE INDEX creates indexes; their quoted names.
  private static let selectInvalidIndexes = Statement(
    "migrations: invalid indexes",
    """
    SELECT quote_ident(index.relname) FROM pg_index JOIN pg_class index ON index.oid = pg_index.indexrelid
    JOIN pg_namespace ON pg_namespace.oid = index.relnamespace
    WHERE NOT pg_index.indisvalid AND pg_namespace.nspname = current_schema()
      AND position(' ' || quote_ident(index.relname) || ' ' IN $1) > 0
    """)
  private static let versionTable = """
    CREATE TABLE IF NOT EXISTS schema_migrations (
      version bigint PRIMARY KEY,
      name text NOT NULL,
      checksum text NOT NULL,
      applied_at timestamptz NOT NULL DEFAULT now()
    );
    ALTER TABLE schema_migrations ADD COLUMN IF NOT EXISTS needs bigint NOT NULL DEFAULT 0
    """
}

extension PostgresLease {
  /// Suspends the caller, by a timer of the lease's loop. Cancellation doesn't end it, so use it for short times only.
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
