import EventLoop

/// What is to be done with a write after an attempt that failed. What the server refused has had no effect, and may be
/// tried again.
enum WriteRetry {
  /// The error is its answer.
  case no
  /// Its group failed as a whole: it goes again by itself, to have an outcome of its own.
  case alone
  /// It met a lock: it waits for it where it is not in the way of others.
  case inSlowLane
  /// The statement has to be prepared again.
  case atOnce
  /// It met another transaction, or lost its connection before it was sent.
  case later

  /// Half a second or so: then the database is away rather than one connection.
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
