internal import Primitives

/// What a server says of its load, of a whole report.
struct LoadReport: Equatable {
  var utilization = 0.0
  /// Calls a second.
  var calls = 0.0
  /// Errors a second.
  var errors = 0.0
}

/// The weight of an address by its reports. Pure.
struct ReportedWeight {
  private var weight = 0.0
  private var updatedAt: UInt64 = 0
  /// Since when there are reports, without a pause that lets them expire.
  private var since: UInt64?

  /// Reports that say nothing, or nonsense, leave the weight as it was.
  mutating func reported(_ report: LoadReport, penalty: Double, now: UInt64) {
    var utilization = report.utilization
    guard report.calls > 0, utilization > 0 else { return }
    if report.errors > 0, penalty > 0 { utilization += report.errors / report.calls * penalty }
    let weight = report.calls / utilization
    guard weight.isFinite, weight > 0 else { return }
    self.weight = weight
    updatedAt = now
    if since == nil { since = now }
  }

  /// A new connection: the server may have started anew.
  mutating func restart() { since = nil }

  /// The weight that counts now; 0: none.
  mutating func current(_ settings: WeightedRoundRobin, now: UInt64) -> Double {
    guard let since else { return 0 }
    guard !now.isPast(updatedAt, by: settings.expirationPeriod.clampedNanoseconds) else {
      self.since = nil
      return 0
    }
    return now.isPast(since, by: settings.blackoutPeriod.clampedNanoseconds) ? weight : 0
  }
}
