/// The timeouts that a write sets on the server, inside its own transaction.
///
/// The client sends the `set_config(…, true)` call first and the write second, before the same Sync. The settings last
/// until that transaction ends, and both timers start anew with each Execute, so the limits apply to this write only.
/// When the server gives up on a write, the write has had no effect and the connection stays usable.
/// https://www.postgresql.org/docs/15/runtime-config-client.html#GUC-STATEMENT-TIMEOUT
struct ServerLimits: Sendable, Hashable {
  /// The longest wait for any one lock, in milliseconds.
  var lockTimeout: Int32
  /// The longest run of the whole statement, in milliseconds.
  var statementTimeout: Int32

  /// Nanoseconds. A write with no more time left than this is not sent but answered DEADLINE_EXCEEDED: its answer would
  /// come too late.
  static let leastTime: UInt64 = 3_000_000
  /// Nanoseconds. The largest time by which statement_timeout ends before the deadline.
  static let largestMargin: UInt64 = 20_000_000

  init(lockTimeout: Int32, statementTimeout: Int32) {
    self.lockTimeout = lockTimeout
    self.statementTimeout = statementTimeout
  }

  /// Computes the limits from the time left until the deadline.
  ///
  /// The server gives up before the caller does, so that no statement still runs after its caller was told
  /// DEADLINE_EXCEEDED. The margin, for the round trip, is 20 ms or half of the time left, whichever is less. Waiting
  /// for a lock may take at most half of the time left, because the statement still has to run after it. Both timers
  /// start anew with each statement of a write, so each gets its share of the time.
  /// - Parameters:
  ///   - deadline: CLOCK_MONOTONIC in nanoseconds, like `now`.
  ///   - longest: an upper bound on statement_timeout, whatever the deadline.
  ///   - lockTimeout: an upper bound on lock_timeout, whatever the deadline.
  ///   - statements: how many statements run one after the other.
  init(until deadline: UInt64, now: UInt64, longest: Duration, lockTimeout: Duration, statements: Int = 1) {
    func milliseconds(_ time: UInt64) -> Int32 { max(1, Int32(clamping: time / 1_000_000)) }
    let left = (deadline > now ? deadline - now : 0) / UInt64(statements)
    self.init(
      lockTimeout: min(lockTimeout.wholeMilliseconds, milliseconds(left / 2)),
      statementTimeout: min(longest.wholeMilliseconds, milliseconds(left - min(left / 2, Self.largestMargin))))
  }

  /// Sets the limits, and also how Postgres plans the write. A generic plan is made once for all values: planning a
  /// statement over arrays costs as much as writing ten rows. It must use the indexes even while the table is small,
  /// because the plan is still used after the table has grown.
  static let statement = Statement(
    "set_limits",
    """
    SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true),
      set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true)
    """)

  var parameters: [PostgresValue] { [.text(String(lockTimeout)), .text(String(statementTimeout))] }
}
