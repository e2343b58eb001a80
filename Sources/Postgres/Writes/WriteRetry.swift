import EventLoop
import Primitives

/// What to do with a write after a failed attempt. A write that the server refused has had no effect, so it is safe to
/// try it again.
enum WriteRetry {
  /// Don't retry: answer the caller with the error.
  case no
  /// The group failed as a whole: send the row again as a statement of its own, to get its own outcome.
  case alone
  /// It timed out on a lock: wait for the lock in the slow lane, where it doesn't hold up other writes.
  case inSlowLane
  /// The prepared statement was stale: prepare it again and retry at once.
  case atOnce
  /// It conflicted with another transaction, or lost its connection before anything was sent: retry after a delay.
  case later

  /// How often a write is tried again after lost connections, over about half a second in all. After that, the cause is
  /// not a single connection: the database is unreachable.
  private static let maximumLosses = 8

  init(after error: PostgresError, of write: PendingWrite, in lane: WriteLane, together count: Int) {
    let code = error.code
    if code == .lockNotAvailable {
      self = count > 1 ? .alone : .inSlowLane
    } else if code == .serializationFailure || code == .deadlockDetected {
      self = .later
    } else if SQLState.isStaleStatement(error.sqlState) {
      self = write.wasReprepared ? .no : .atOnce
    } else if code == .connectionLost || code == .unavailable, error.isSafeToRetry,
      write.retryBackoff.failures < Self.maximumLosses
    {
      self = .later
    } else if lane == .group, error.isSafeToRetry, error.sqlState != nil || code == .invalidParameter,
      count > 1 || code == .queryCancelled
    {
      self = .alone
    } else {
      self = .no
    }
  }
}
