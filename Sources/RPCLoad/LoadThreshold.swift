/// A condition that a load must not meet, such as `p99>20ms`, `errors>0.1%`, `rps<1000`.
package struct LoadThreshold: Sendable, Hashable, CustomStringConvertible {
  private enum Measure: Hashable {
    case percentile(Double)
    case mean, maximum, minimum
    case errorCount, errorShare
    case rate, count
  }

  private enum Comparison: String, CaseIterable {
    // The longer ones first: `>` begins `>=`.
    case atLeast = ">="
    case atMost = "<="
    case above = ">"
    case below = "<"
  }

  /// As it was written.
  package let description: String
  private let measure: Measure
  private let comparison: Comparison
  private let limit: Double

  /// - Throws: `LoadError` that says what can be written.
  package init(_ text: String) throws(LoadError) {
    description = text
    let squeezed = text.filter { $0 != " " }
    guard
      let (comparison, range) = Comparison.allCases.lazy
        .compactMap({ found in squeezed.firstRange(of: found.rawValue).map { (found, $0) } }).first
    else { throw Self.malformed(text) }
    self.comparison = comparison
    let name = squeezed[..<range.lowerBound].lowercased()
    let value = String(squeezed[range.upperBound...])
    switch name {
    case "avg", "mean", "average": (measure, limit) = (.mean, try Self.time(value, text))
    case "max", "slowest": (measure, limit) = (.maximum, try Self.time(value, text))
    case "min", "fastest": (measure, limit) = (.minimum, try Self.time(value, text))
    case "rps", "rate": (measure, limit) = (.rate, try Self.number(value, text))
    case "count": (measure, limit) = (.count, try Self.number(value, text))
    case "errors" where value.hasSuffix("%"):
      (measure, limit) = (.errorShare, try Self.number(String(value.dropLast()), text) / 100)
    case "errors": (measure, limit) = (.errorCount, try Self.number(value, text))
    default:
      guard name.hasPrefix("p"), let percent = Double(name.dropFirst()), percent > 0, percent <= 100 else {
        throw Self.malformed(text)
      }
      (measure, limit) = (.percentile(percent), try Self.time(value, text))
    }
  }

  private static func malformed(_ text: String) -> LoadError {
    LoadError(
      """
      '\(text)' is no threshold; examples: p99>20ms, p99.9>=1s, avg>5ms, max>1s, errors>0, errors>0.1%, rps<1000, \
      count<100
      """)
  }

  private static func time(_ value: String, _ text: String) throws(LoadError) -> Double {
    guard let nanoseconds = DurationText.nanoseconds(value) else { throw malformed(text) }
    return Double(nanoseconds)
  }

  private static func number(_ value: String, _ text: String) throws(LoadError) -> Double {
    guard let number = Double(value), number.isFinite, number >= 0 else { throw malformed(text) }
    return number
  }

  /// What was measured, where the load meets the condition; nil where it does not. A latency of a load without one
  /// meets no condition; its errors or its count do.
  package func broken(by result: LoadResult) -> String? {
    let latencies = result.recorder.latencies
    let value: Double
    switch measure {
    case .percentile, .mean, .maximum, .minimum:
      guard latencies.count > 0 else { return nil }
      value =
        switch measure {
        case .percentile(let percent): Double(latencies.percentile(percent))
        case .mean: latencies.mean
        case .maximum: Double(latencies.maximum)
        default: Double(latencies.minimum)
        }
    case .errorCount: value = Double(result.recorder.failed)
    case .errorShare: value = result.errorShare
    case .rate: value = result.rate
    case .count: value = Double(result.recorder.count)
    }
    let isBroken =
      switch comparison {
      case .atLeast: value >= limit
      case .atMost: value <= limit
      case .above: value > limit
      case .below: value < limit
      }
    return isBroken ? shown(value) : nil
  }

  private func shown(_ value: Double) -> String {
    switch measure {
    case .percentile, .mean, .maximum, .minimum: DurationText.short(value)
    case .errorShare: Decimal.text(value * 100, 3) + " %"
    case .rate: Decimal.text(value, 2)
    case .errorCount, .count: Decimal.text(value, 0)
    }
  }
}
