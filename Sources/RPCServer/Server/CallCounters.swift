/// Counters of a loop's calls. Times are the loop's time (CLOCK_MONOTONIC in nanoseconds); 0 means never.
package struct CallCounters: Sendable {
  package private(set) var started = 0
  package private(set) var succeeded = 0
  package private(set) var failed = 0
  package private(set) var lastStarted: UInt64 = 0

  package init() {}

  @inline(__always)
  mutating func started(now: UInt64) {
    started &+= 1
    lastStarted = now
  }

  @inline(__always)
  mutating func finished(_ isSuccess: Bool) {
    if isSuccess { succeeded &+= 1 } else { failed &+= 1 }
  }

  package mutating func add(_ other: CallCounters) {
    started &+= other.started
    succeeded &+= other.succeeded
    failed &+= other.failed
    lastStarted = max(lastStarted, other.lastStarted)
  }
}
