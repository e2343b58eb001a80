/// What the server is told of the time that a write has, in the transaction of the write itself.
///
/// `set_config(…, true)` lasts until the transaction ends, and both time limits begin anew with each Execute: so as the
/// first statement before the Sync of the write they hold for exactly that write. A write that the server has given up
/// has had no effect, and its connection is as good as before.
/// https://www.postgresql.org/docs/15/runtime-config-client.html#GUC-STATEMENT-TIMEOUT
struct ServerLimits: Sendable, Hashable {
  /// Milliseconds for each wait for a lock.
  var lockTimeout: Int32
  /// Milliseconds for the statement as a whole.
  var statementTimeout: Int32

  /// A caller who has no more time than this is told that it has passed: the answer would come too late.
  static let leastTime: UInt64 = 3_000_000
  static let largestMargin: UInt64 = 20_000_000

  init(lockTimeout: Int32, statementTimeout: Int32) {
    self.lockTimeout = lockTimeout
    self.statementTimeout = statementTimeout
  }

  /// The server gives up before the caller does, so that no statement runs on for a caller who was told that it did not
  /// happen: half of the time that is left, at most 20 ms, is for the way there and back. Waits for locks, after which
  /// the statement has yet to run, end when half of the time is over.
  /// - Parameters:
  ///   - deadline: CLOCK_MONOTONIC in nanoseconds, as `now`.
  ///   - longest: the most that the statement may take, whatever the deadline.
  init(until deadline: UInt64, now: UInt64, longest: Duration, lockTimeout: Duration) {
    func milliseconds(_ time: UInt64) -> Int32 { max(1, Int32(clamping: time / 1_000_000)) }
    let left = deadline > now ? deadline - now : 0
    self.init(
      lockTimeout: min(lockTimeout.wholeMilliseconds, milliseconds(left / 2)),
      statementTimeout: min(longest.wholeMilliseconds, milliseconds(left - min(left / 2, Self.largestMargin))))
  }

  /// Beside the limits it says how the write is to be planned: once for all values, since planning a statement over
  /// arrays costs as much as ten of its rows, and through indexes even while the table is small, since the plan
  /// outlives that.
  static let statement = Statement(
    "set_limits",
    """
    SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true),
      set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true)
    """)

  var parameters: [PostgresValue] { [.text(String(lockTimeout)), .text(String(statementTimeout))] }
}
