/// How many calls a channel has made on a loop, for diagnostics.
package struct CallCounts: Sendable {
  package internal(set) var started = 0
  package internal(set) var succeeded = 0
  package internal(set) var failed = 0
  /// CLOCK_MONOTONIC in nanoseconds; 0: never.
  package internal(set) var lastStarted: UInt64 = 0

  package init() {}

  mutating func callStarted(now: UInt64) {
    started &+= 1
    lastStarted = now
  }

  mutating func callEnded(isSuccess: Bool) {
    if isSuccess { succeeded &+= 1 } else { failed &+= 1 }
  }

  package mutating func add(_ other: CallCounts) {
    started += other.started
    succeeded += other.succeeded
    failed += other.failed
    lastStarted = max(lastStarted, other.lastStarted)
  }
}
