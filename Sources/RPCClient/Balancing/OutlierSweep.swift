/// What happens once in an interval: addresses that failed too many calls are ejected, and others come back.
/// https://github.com/grpc/proposal/blob/master/A50-xds-outlier-detection.md#ejection-algorithm
struct OutlierSweep {
  let settings: OutlierDetection
  let now: UInt64

  /// - Parameter tallies: of all addresses.
  func run(_ tallies: inout [CallTally], using random: inout some RandomNumberGenerator) {
    // Who is ejected does not depend on the order of the addresses.
    let order = tallies.indices.shuffled(using: &random)
    if let rule = settings.successRate { eject(by: rule, &tallies, order, using: &random) }
    if let rule = settings.failurePercentage { eject(by: rule, &tallies, order, using: &random) }
    for index in tallies.indices {
      tallies[index].forgetCalls()
      tallies[index].relent(settings, now: now)
    }
  }

  private func eject(
    by rule: OutlierDetection.SuccessRate, _ tallies: inout [CallTally], _ order: [Int],
    using random: inout some RandomNumberGenerator
  ) {
    let least = max(rule.minimumCalls, 1)
    let rates = tallies.filter { $0.calls >= least }.map { Double($0.successes) / Double($0.calls) }
    guard !rates.isEmpty, rates.count >= rule.minimumAddresses else { return }
    let mean = rates.reduce(0, +) / Double(rates.count)
    let variance = rates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rates.count)
    let limit = mean - variance.squareRoot() * rule.deviations
    eject(&tallies, order, rule.enforcement, using: &random) {
      $0.calls >= least && Double($0.successes) / Double($0.calls) < limit
    }
  }

  private func eject(
    by rule: OutlierDetection.FailurePercentage, _ tallies: inout [CallTally], _ order: [Int],
    using random: inout some RandomNumberGenerator
  ) {
    let least = max(rule.minimumCalls, 1)
    guard tallies.count(where: { $0.calls >= least }) >= max(rule.minimumAddresses, 1) else { return }
    eject(&tallies, order, rule.enforcement, using: &random) {
      $0.calls >= least && Double($0.failures) / Double($0.calls) * 100 > Double(rule.threshold)
    }
  }

  private func eject(
    _ tallies: inout [CallTally], _ order: [Int], _ enforcement: Int, using random: inout some RandomNumberGenerator,
    where isOutlier: (CallTally) -> Bool
  ) {
    var ejected = tallies.count(where: \.isEjected)
    for index in order where !tallies[index].isEjected && isOutlier(tallies[index]) {
      guard Double(ejected) / Double(tallies.count) * 100 < Double(settings.maximumEjectionPercent) else {
        return
      }
      guard Int.random(in: 0..<100, using: &random) < enforcement else { continue }
      tallies[index].eject(now: now)
      ejected += 1
    }
  }
}
