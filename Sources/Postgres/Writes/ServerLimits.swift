/// What the server is told of the time that a write has, in the transaction of the write itself.
///
/// `set_config(…, true)` lasts until the transaction ends, and both time limits begin anew with each Execute: so as the
/// first statement before the Sync of the write they hold for exactly that write. A write that the server has given up
/// has had no effect, and its connection is as good as before.
/// https://www.postgresql.org/docs/15/runtime-config-client.html#GUC-STATEMENT-TIMEOUT
struct ServerLimits: Sendable, Hashable {
  /// Milliseconds for each wait for a lock; 0: no limit of its own.
  var lockTimeout: Int32
  /// Milliseconds for the statement as a whole.
  var statementTimeout: Int32

  /// A caller who has no more time than this is told that it has passed: the answer would come too late.
  static let leastTime: UInt64 = 2_000_000
  static let largestMargin: UInt64 = 20_000_000

  init(lockTimeout: Int32, statementTimeout: Int32) {
    self.lockTimeout = lockTimeout
    self.statementTimeout = statementTimeout
  }

  /// The server gives up before the caller does: a quarter of the time that is left, at most 20 ms, is for the way there
  /// and back, so that no statement runs on for a caller who was told that it did not happen.
  /// - Parameters:
  ///   - deadline: CLOCK_MONOTONIC in nanoseconds, as `now`.
  ///   - longest: the most that the statement may take, whatever the deadline.
  init(until deadline: UInt64, now: UInt64, longest: Duration, lockTimeout: Duration) {
    let left = deadline > now ? deadline - now : 0
    let milliseconds = (left - min(left / 4, Self.largestMargin)) / 1_000_000
    self.init(
      lockTimeout: lockTimeout.wholeMilliseconds,
      statementTimeout: max(1, min(longest.wholeMilliseconds, Int32(clamping: milliseconds))))
  }

  static let statement = Statement(
    "set_limits", "SELECT set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true)")

  var parameters: [PostgresValue] { [.text(String(lockTimeout)), .text(String(statementTimeout))] }
}
