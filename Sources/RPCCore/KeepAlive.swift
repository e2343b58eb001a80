import Primitives

/// Whether the peer is still there: after a silence it is asked, and whatever it says then is an answer. Pure: times,
/// in nanoseconds, are handed in. https://github.com/grpc/proposal/blob/master/A9-server-side-conn-mgt.md and, of
/// clients, https://github.com/grpc/proposal/blob/master/A8-client-side-keepalive.md
package struct KeepAlive {
  package enum Action { case none, ping, giveUp }

  private let interval: UInt64?
  private let timeout: UInt64
  private var pingedAt: UInt64?

  package init(interval: UInt64?, timeout: UInt64) {
    self.interval = interval
    self.timeout = timeout
  }

  package mutating func check(now: UInt64, lastReceived: UInt64) -> Action {
    guard let interval else { return .none }
    if let pingedAt, lastReceived < pingedAt { return now.isPast(pingedAt, by: timeout) ? .giveUp : .none }
    pingedAt = nil
    guard now.isPast(lastReceived, by: interval) else { return .none }
    pingedAt = now
    return .ping
  }
}
