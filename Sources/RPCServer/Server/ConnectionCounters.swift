/// Counters of a connection. Times are the loop's time (CLOCK_MONOTONIC in nanoseconds); 0 means never.
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
