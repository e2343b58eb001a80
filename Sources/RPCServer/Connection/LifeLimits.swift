internal import HTTP
internal import Primitives

/// `ConnectionTimes` in nanoseconds.
struct LifeLimits: Sendable {
  var handshake: UInt64?
  var header: UInt64?
  var writeStall: UInt64?
  var responseStall: UInt64?
  var idle: UInt64?
  var age: UInt64?
  var ageGrace: UInt64?
  var keepAliveInterval: UInt64?
  var keepAliveTimeout: UInt64

  init(_ times: ConnectionTimes) {
    handshake = times.handshake?.clampedNanoseconds
    header = times.header?.clampedNanoseconds
    writeStall = times.writeStall?.clampedNanoseconds
    responseStall = times.responseStall?.clampedNanoseconds
    idle = times.idle?.clampedNanoseconds
    // Keeps signed arithmetic from overflowing: 146 years.
    age = times.age.map { min($0.clampedNanoseconds, .max / 4) }
    ageGrace = times.ageGrace?.clampedNanoseconds
    keepAliveInterval = times.keepAliveInterval?.clampedNanoseconds
    keepAliveTimeout = times.keepAliveTimeout.clampedNanoseconds
  }

  /// How often a connection is looked at: often enough that nothing exceeds its limit by half.
  var period: UInt64? {
    let times = [handshake, header, writeStall, responseStall, idle, age, ageGrace, keepAliveInterval]
    let shortest = times.compactMap { $0 }.min()
    return shortest.map {
      max(1_000_000, min(min($0, keepAliveInterval == nil ? $0 : keepAliveTimeout) / 2, 5_000_000_000))
    }
  }
}

extension PingPolicy {
  /// A PING in two hours is right without calls too, as gRPC has it.
  init(_ times: ConnectionTimes) {
    let interval = times.minimumPingInterval.clampedNanoseconds
    self.init(
      interval: interval,
      intervalWithoutCalls: times.allowsPingsWithoutCalls ? interval : max(interval, 7_200_000_000_000),
      strikes: times.maximumPingStrikes)
  }
}
