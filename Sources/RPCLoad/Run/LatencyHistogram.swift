package import Histogram

/// Latencies in nanoseconds, up to an hour, with three significant digits.
package struct LatencyHistogram: Sendable {
  /// Longer ones count as this.
  package static let limit: UInt64 = 3_600_000_000_000

  package private(set) var values: Histogram<UInt64>
  private(set) var sum = 0.0

  package init() { values = Self.empty }

  private static let empty = Histogram<UInt64>(
    lowestDiscernibleValue: 64, highestTrackableValue: limit, numberOfSignificantValueDigits: .three)

  /// - Parameter expectedInterval: see `LoadPlan.expectedInterval`.
  package mutating func record(_ nanoseconds: UInt64, expectedInterval: UInt64? = nil) {
    let value = min(nanoseconds, Self.limit)
    sum += Double(value)
    guard let expectedInterval, expectedInterval > 0 else {
      values.record(value)
      return
    }
    // As many as the corrected histogram gets, which does not sum them up.
    var missing = value
    while missing >= 2 * expectedInterval {
      missing -= expectedInterval
      sum += Double(missing)
    }
    values.recordCorrectedValue(value, expectedInterval: expectedInterval)
  }

  package mutating func add(_ other: LatencyHistogram) {
    values.add(other.values)
    sum += other.sum
  }

  package var count: Int { Int(values.totalCount) }
  /// 0 where there are none, as all of these.
  package var mean: Double { count > 0 ? sum / Double(count) : 0 }
  package var minimum: UInt64 { count > 0 ? values.min : 0 }
  package var maximum: UInt64 { count > 0 ? min(values.maxRecorded, Self.limit) : 0 }

  /// - Parameter percent: 0 to 100.
  package func percentile(_ percent: Double) -> UInt64 {
    count > 0 ? min(values.valueAtPercentile(percent), max(maximum, minimum)) : 0
  }

  /// How many are in equal parts of the range, from the shortest on: what a bar chart shows.
  package func bars(_ count: Int) -> [(upTo: UInt64, count: Int)] {
    guard self.count > 0, count > 0 else { return [] }
    let width = max((maximum - min(minimum, maximum)) / UInt64(count), 1)
    var bars = (1...count).map { (upTo: $0 == count ? maximum : minimum + UInt64($0) * width, count: 0) }
    for step in values.recordedValues() {
      let index = bars.firstIndex { step.value <= $0.upTo } ?? count - 1
      bars[index].count += Int(step.count)
    }
    return bars
  }
}
