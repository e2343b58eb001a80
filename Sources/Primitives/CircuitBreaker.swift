/// Decides whether calls are let through. While it is open, the database is unreachable, and calls fail at once with
/// `unavailable`.
///
/// It opens when no connection is left and reconnecting has failed a few times, or goes on for too long. Until then
/// callers wait, so that they don't notice a single lost connection. The first connection closes it.
package struct CircuitBreaker {
  package enum Change { case none, opened, closed }

  package let failuresToOpen: Int
  /// Nanoseconds without any connection after which it opens, even if no attempt has failed yet.
  package let patience: UInt64
  /// Closed at first: callers wait until the first attempts have succeeded or failed.
  package private(set) var isOpen = false
  private var live = 0
  private var failures = 0
  private var downSince: UInt64?

  package init(failuresToOpen: Int = 3, patience: UInt64 = 1_000_000_000, now: UInt64) {
    self.failuresToOpen = failuresToOpen
    self.patience = patience
    downSince = now
  }

  package mutating func connected() -> Change {
    live += 1
    failures = 0
    downSince = nil
    guard isOpen else { return .none }
    isOpen = false
    return .closed
  }

  /// A connection that was up is gone.
  package mutating func lost(now: UInt64) {
    live = max(0, live - 1)
    if live == 0, downSince == nil { downSince = now }
  }

  package mutating func connectFailed(now: UInt64) -> Change {
    guard live == 0 else { return .none }
    failures += 1
    return openIfDue(now)
  }

  /// Call it from time to time, because an attempt that hangs hasn't failed yet.
  package mutating func tick(now: UInt64) -> Change { live == 0 ? openIfDue(now) : .none }

  private mutating func openIfDue(_ now: UInt64) -> Change {
    guard !isOpen, let downSince else { return .none }
    guard failures >= failuresToOpen || now.isPast(downSince, by: patience) else { return .none }
    isOpen = true
    return .opened
  }
}
