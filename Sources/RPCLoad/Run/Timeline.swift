package import Histogram

/// The calls of a load by the time at which they ended, in intervals of equal length. A long load has longer intervals,
/// so that the memory is bounded.
package struct Timeline: Sendable {
  /// What ended in an interval.
  package struct Interval: Sendable {
    /// Calls, whatever their status.
    package var count = 0
    /// Those that failed.
    package var errors = 0
    /// In nanoseconds, with two significant digits.
    package var latencies: Histogram<UInt32>?

    fileprivate mutating func add(_ other: Interval) {
      count += other.count
      errors += other.errors
      guard let more = other.latencies else { return }
      if latencies == nil { latencies = more } else { latencies?.add(more) }
    }

    /// 0 where there is none.
    package func percentile(_ percent: Double) -> UInt64 { latencies?.valueAtPercentile(percent) ?? 0 }
  }

  /// The most intervals.
  package static let limit = 400
  private static let empty = Histogram<UInt32>(
    lowestDiscernibleValue: 1024, highestTrackableValue: LatencyHistogram.limit, numberOfSignificantValueDigits: .two)

  /// Nanoseconds of an interval.
  package private(set) var width: UInt64
  package private(set) var intervals: [Interval] = []

  /// - Parameter width: nanoseconds of an interval at first.
  package init(width: UInt64 = 100_000_000) { self.width = max(width, 1) }

  /// - Parameters:
  ///   - time: nanoseconds since the load began.
  ///   - latency: nil: it does not count among them.
  package mutating func record(at time: UInt64, latency: UInt64?, isError: Bool) {
    while time / width >= UInt64(Self.limit) { coarsen() }
    let index = Int(time / width)
    while intervals.count <= index { intervals.append(Interval()) }
    intervals[index].count += 1
    if isError { intervals[index].errors += 1 }
    guard let latency else { return }
    if intervals[index].latencies == nil { intervals[index].latencies = Self.empty }
    intervals[index].latencies?.record(min(latency, LatencyHistogram.limit))
  }

  /// Joins two intervals each.
  private mutating func coarsen() {
    width *= 2
    var joined: [Interval] = []
    for (index, interval) in intervals.enumerated() {
      if index % 2 == 0 { joined.append(interval) } else { joined[index / 2].add(interval) }
    }
    intervals = joined
  }

  package mutating func add(_ other: Timeline) {
    var other = other
    while width < other.width { coarsen() }
    while other.width < width { other.coarsen() }
    for (index, interval) in other.intervals.enumerated() {
      while intervals.count <= index { intervals.append(Interval()) }
      intervals[index].add(interval)
    }
  }
}
