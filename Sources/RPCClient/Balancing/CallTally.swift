internal import Primitives
internal import RPCCore

/// The calls of an address since the last sweep, and whether it is ejected. Pure.
struct CallTally: Equatable {
  private(set) var successes = 0
  private(set) var failures = 0
  /// Nil: it is not ejected.
  private(set) var ejectedAt: UInt64?
  /// How many base ejection times the ejection lasts; each interval without one makes it one less.
  private(set) var multiplier: UInt64 = 0

  var isEjected: Bool { ejectedAt != nil }
  var calls: Int { successes + failures }

  /// A call has ended.
  mutating func add(_ code: StatusCode) {
    switch code {
    case .cancelled: break
    case .unknown, .deadlineExceeded, .unimplemented, .internal, .unavailable, .dataLoss: failures += 1
    default: successes += 1
    }
  }

  mutating func forgetCalls() {
    successes = 0
    failures = 0
  }

  mutating func eject(now: UInt64) {
    ejectedAt = now
    multiplier += 1
  }

  /// Lets an address back whose time is over, and shortens the next ejection of one that is not ejected.
  mutating func relent(_ settings: OutlierDetection, now: UInt64) {
    guard let ejectedAt else {
      if multiplier > 0 { multiplier -= 1 }
      return
    }
    let base = settings.baseEjectionTime.clampedNanoseconds
    let (time, isTooLong) = base.multipliedReportingOverflow(by: multiplier)
    let longest = max(base, settings.maximumEjectionTime.clampedNanoseconds)
    if now > ejectedAt.saturatingAdd(isTooLong ? longest : min(time, longest)) { self.ejectedAt = nil }
  }
}
