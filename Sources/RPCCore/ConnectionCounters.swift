/// Counters of a connection. Times are the loop's time (CLOCK_MONOTONIC in nanoseconds); 0 means never.
package struct ConnectionCounters: Sendable {
  package var streamsStarted = 0
  package var streamsSucceeded = 0
  package var streamsFailed = 0
  package var messagesSent = 0
  package var messagesReceived = 0
  package var lastStream: UInt64 = 0
  package var lastMessageSent: UInt64 = 0
  package var lastMessageReceived: UInt64 = 0

  package init() {}

  @inlinable @inline(__always)
  package mutating func streamStarted(now: UInt64) {
    streamsStarted &+= 1
    lastStream = now
  }

  @inlinable @inline(__always)
  package mutating func streamEnded(_ isSuccess: Bool) {
    if isSuccess { streamsSucceeded &+= 1 } else { streamsFailed &+= 1 }
  }

  @inlinable @inline(__always)
  package mutating func messageSent(now: UInt64) {
    messagesSent &+= 1
    lastMessageSent = now
  }

  @inlinable @inline(__always)
  package mutating func messageReceived(now: UInt64) {
    messagesReceived &+= 1
    lastMessageReceived = now
  }
}
