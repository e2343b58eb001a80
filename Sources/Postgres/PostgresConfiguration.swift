/// Where the database is and how the client treats it. Durations are wall time.
public struct PostgresConfiguration: Sendable {
  /// A libpq URL (`postgresql://user@host:5432/db?sslmode=verify-full`) or conninfo string. Several hosts are tried in
  /// turn. What it leaves out comes from the PG... environment variables, as with psql.
  public var url: String
  /// What `pg_stat_activity` shows.
  public var applicationName = "postgres-client"

  /// Shared, pipelined connections of each loop, for reads.
  public var sharedConnectionsPerLoop = 2
  /// Reads under way on one shared connection; the rest waits.
  public var pipelineDepth = 64
  /// Reads of one loop that may wait for a place on a shared connection; more are refused with `queueFull`.
  public var sharedQueueLimit = 4096

  /// How long a read waits for a lock that a schema change holds, before it lets others pass and asks again.
  public var readLockTimeout = Duration.milliseconds(200)

  /// Connections for writes and transactions, kept open when idle. Of the whole process: split across the loops, at
  /// least one each.
  public var poolSize = 20
  /// Connections beyond `poolSize` when all are in use, closed when they were idle for `overflowIdle`. Of the whole
  /// process: split across the loops.
  public var poolOverflow = 30
  /// How long an overflow connection may be idle before it is closed.
  public var overflowIdle = Duration.seconds(10)
  /// Callers of one loop that may wait for a lease; more are refused with `queueFull`.
  public var leaseQueueLimit = 1024
  /// A leased connection is replaced after this time.
  public var recycleAfter = Duration.seconds(3600)

  /// Writes of one loop that may wait for their turn; more are refused with `queueFull`.
  public var writeQueueLimit = 4096
  /// How long a write waits for each lock before it goes on in the slow lane, which has a quarter of the pool.
  public var firstLockTimeout = Duration.milliseconds(100)
  /// `firstLockTimeout` while more than half of the other connections are in use.
  public var crowdedLockTimeout = Duration.milliseconds(10)
  /// How long a write of the slow lane waits for a lock before the next one of the lane has its turn.
  public var slowLockTimeout = Duration.milliseconds(250)
  /// Groups of rows under way. Of the whole process: split across the loops, at least one each.
  public var groupsUnderWay = 4
  /// Rows of one group.
  public var groupSize = 128
  /// What one group may take: its rows then go again, each by itself.
  public var groupTimeout = Duration.milliseconds(500)

  /// One host's time to accept a connection.
  public var connectTimeout = Duration.seconds(3)
  /// The first delay between attempts to connect; it doubles with each failure.
  public var firstBackoff = Duration.milliseconds(50)
  /// The longest delay between attempts to connect.
  public var longestBackoff = Duration.milliseconds(1500)
  /// The server's statement_timeout on every connection: no statement holds up a connection for longer.
  public var statementTimeout = Duration.seconds(30)
  /// How often the server looks, while a statement runs, whether its connection is still there: what a closed
  /// connection left running ends after this time. Needs Postgres 14; zero leaves it out.
  public var abandonedStatementCheck = Duration.seconds(2)
  /// How long a caller without a deadline waits for a connection, and for each answer.
  public var defaultTimeout = Duration.seconds(35)
  /// What is under way when `shutdown` is called may take this long.
  public var shutdownTimeout = Duration.seconds(5)
  /// A shared connection that has not answered for this long gets no new statements, and another one is opened beside
  /// it.
  public var stalledAfter = Duration.seconds(2)

  /// Statements that take longer are logged with their name.
  public var slowQueryThreshold = Duration.milliseconds(100)

  /// - Parameter url: what libpq connects to: a URI (`postgresql://…`) or `key=value` pairs.
  ///   https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING
  public init(url: String) { self.url = url }
}
