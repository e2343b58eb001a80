/// What is counted of the calls of a loop. Times are CLOCK_MONOTONIC in nanoseconds, as the loop last read it; 0 is
/// never.
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

/// What is counted of a connection; times as above.
package struct ConnectionCounters: Sendable {
  package private(set) var streamsStarted = 0
  package private(set) var streamsSucceeded = 0
  package private(set) var streamsFailed = 0
  package private(set) var messagesSent = 0
  package private(set) var messagesReceived = 0
  package private(set) var lastStream: UInt64 = 0
  package private(set) var lastMessageSent: UInt64 = 0
  package private(set) var lastMessageReceived: UInt64 = 0

  @inline(__always)
  mutating func streamStarted(now: UInt64) {
    streamsStarted &+= 1
    lastStream = now
  }

  @inline(__always)
  mutating func streamEnded(_ isSuccess: Bool) {
    if isSuccess { streamsSucceeded &+= 1 } else { streamsFailed &+= 1 }
  }

  @inline(__always)
  mutating func messageSent(now: UInt64) {
    messagesSent &+= 1
    lastMessageSent = now
  }

  @inline(__always)
  mutating func messageReceived(now: UInt64) {
    messagesReceived &+= 1
    lastMessageReceived = now
  }
}
