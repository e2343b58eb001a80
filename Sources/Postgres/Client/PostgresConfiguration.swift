/// Where the database is, and the client's limits and timeouts. Durations are wall-clock time.
public struct PostgresConfiguration: Sendable {
  /// A libpq URL (`postgresql://user@host:5432/db?sslmode=verify-full`) or conninfo string. If it names several hosts,
  /// the client tries them in turn. Parameters it omits come from the PG... environment variables, as with psql.
  public var url: String
  /// The application_name that `pg_stat_activity` shows.
  public var applicationName = "postgres-client"

  /// Shared, pipelined connections of each loop, for reads.
  public var sharedConnectionsPerLoop = 2
  /// Reads that may be in flight on one shared connection; further reads wait.
  public var pipelineDepth = 64
  /// Reads of one loop that may wait for a shared connection; further reads are refused with `queueFull`.
  public var sharedQueueLimit = 4096

  /// The lock_timeout of reads: how long a read waits for a lock that a schema change holds. It then lets the reads
  /// behind it pass and is sent again, until its deadline.
  public var readLockTimeout = Duration.milliseconds(200)

  /// Connections for writes and transactions that stay open when idle. For the whole process: split across the loops,
  /// at least one each.
  public var poolSize = 20
  /// Further connections for when all of `poolSize` are in use; closed after they were idle for `overflowIdle`. For the
  /// whole process: split across the loops.
  public var poolOverflow = 30
  /// How long an overflow connection may be idle before it is closed.
  public var overflowIdle = Duration.seconds(10)
  /// Callers of one loop that may wait for a leased connection; further callers are refused with `queueFull`.
  public var leaseQueueLimit = 1024
  /// The age at which a connection of the pool is replaced, once it is idle or returned.
  public var recycleAfter = Duration.seconds(3600)

  /// Writes of one loop that may wait for their keys or a connection; further writes are refused with `queueFull`.
  public var writeQueueLimit = 4096
  /// How long a write waits for each lock before it goes on in the slow lane, which has a quarter of the pool.
  public var firstLockTimeout = Duration.milliseconds(100)
  /// Used in place of `firstLockTimeout` while more than half of the loop's connections outside the slow lane and the
  /// reserve are in use.
  public var crowdedLockTimeout = Duration.milliseconds(10)
  /// How long a write in the slow lane waits for a lock before it goes to the back of that lane's queue.
  public var slowLockTimeout = Duration.milliseconds(250)
  /// Grouped writes (one statement with many rows) that may be in flight. For the whole process: split across the
  /// loops, at least one each.
  public var maximumGroupsInFlight = 4
  /// The most rows in one grouped write.
  public var maximumGroupSize = 128
  /// The statement_timeout of a grouped write. When it expires, each row is sent again in a statement of its own.
  public var groupTimeout = Duration.milliseconds(500)

  /// How long one host may take to accept a connection.
  public var connectTimeout = Duration.seconds(3)
  /// The first delay between attempts to connect; it doubles with each failure.
  public var firstBackoff = Duration.milliseconds(50)
  /// The longest delay between attempts to connect.
  public var longestBackoff = Duration.milliseconds(1500)
  /// The server's statement_timeout on every connection: no statement runs for longer.
  public var statementTimeout = Duration.seconds(30)
  /// The server's client_connection_check_interval: how often, while a statement runs, the server checks that the
  /// client is still connected. A statement whose connection was closed ends within this time. Needs Postgres 14; zero
  /// leaves the setting out.
  public var connectionCheckInterval = Duration.seconds(2)
  /// How long a caller without a deadline waits for a connection, and for each answer.
  public var defaultTimeout = Duration.seconds(35)
  /// How long calls in progress may take to finish after `shutdown` is called.
  public var shutdownTimeout = Duration.seconds(5)
  /// A shared connection that owes answers and sends none for this long gets no new statements, and the client opens
  /// another one to replace it.
  public var stalledAfter = Duration.seconds(2)

  /// Statements that take longer are logged by name.
  public var slowQueryThreshold = Duration.milliseconds(100)

  /// - Parameter url: a libpq connection string: a URI (`postgresql://…`) or `key=value` pairs.
  ///   https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
  public init(url: String) { self.url = url }
}
