/// When the calls of an open loop are due: a rate that is constant, or that changes in steps or along a line, as ghz's
/// `--load-schedule` has it. Pure.
package struct LoadSchedule: Sendable, Hashable {
  /// A stretch of time in which the rate goes along a line.
  private struct Segment: Hashable {
    /// Seconds from the start of the load.
    var start: Double
    /// Seconds; infinite for the last one.
    var length: Double
    /// Calls a second at its start.
    var rate: Double
    /// How much the rate grows in a second.
    var slope: Double
    /// Calls that are due before it.
    var before: Double

    /// Calls that are due in it.
    var calls: Double { length.isInfinite ? .infinity : rate * length + slope * length * length / 2 }
  }

  /// The most steps of a ramp.
  package static let stepLimit = 100_000

  private let segments: [Segment]

  private init(_ parts: [(length: Double, rate: Double, slope: Double)]) {
    var segments: [Segment] = []
    var start = 0.0
    var before = 0.0
    for part in parts {
      let segment = Segment(
        start: start, length: part.length, rate: part.rate, slope: part.slope, before: before)
      segments.append(segment)
      start += part.length
      before += segment.calls
    }
    self.segments = segments
  }

  /// So many calls a second, for ever.
  /// - Parameter rate: above 0.
  package static func constant(_ rate: Double) -> LoadSchedule { LoadSchedule([(.infinity, rate, 0)]) }

  /// A rate that starts at `start` calls a second and changes by `step` every `stepSeconds`, until it is `end` or
  /// `maximumSeconds` have passed; then it stays.
  package static func step(
    start: Double, step: Double, end: Double?, stepSeconds: Double, maximumSeconds: Double?
  ) throws(LoadError) -> LoadSchedule {
    try check(start, step, end, maximumSeconds)
    guard stepSeconds > 0 else { throw LoadError("--load-step-duration must be above 0") }
    var parts: [(length: Double, rate: Double, slope: Double)] = []
    var rate = start
    var passed = 0.0
    while true {
      if let end, step > 0 ? rate >= end : rate <= end {
        parts.append((.infinity, end, 0))
        break
      }
      guard parts.count < stepLimit else { throw LoadError("the load has more than \(stepLimit) steps") }
      if let maximumSeconds, passed + stepSeconds >= maximumSeconds || rate + step < 0 {
        parts.append((.infinity, rate, 0))
        break
      }
      parts.append((stepSeconds, rate, 0))
      passed += stepSeconds
      rate += step
    }
    return try LoadSchedule(parts).checked()
  }

  /// A rate that starts at `start` calls a second and changes by `slope` each second, until it is `end` or
  /// `maximumSeconds` have passed; then it stays.
  package static func line(
    start: Double, slope: Double, end: Double?, maximumSeconds: Double?
  ) throws(LoadError) -> LoadSchedule {
    try check(start, slope, end, maximumSeconds)
    var length = maximumSeconds ?? .infinity
    if let end { length = min(length, (end - start) / slope) }
    if slope < 0 { length = min(length, start / -slope) }
    return try LoadSchedule([(length, start, slope), (.infinity, max(start + slope * length, 0), 0)]).checked()
  }

  private static func check(
    _ start: Double, _ change: Double, _ end: Double?, _ maximumSeconds: Double?
  ) throws(LoadError) {
    guard start >= 0, start.isFinite, change.isFinite, change != 0 else {
      throw LoadError("--load-start must not be below 0, and --load-step not 0")
    }
    guard end != nil || maximumSeconds != nil else {
      throw LoadError("a load that changes needs --load-end or --load-max-duration")
    }
    if let end {
      guard end >= 0, end.isFinite else { throw LoadError("--load-end must not be below 0") }
      guard (end - start) * change >= 0 else { throw LoadError("--load-step leads away from --load-end") }
    }
    if let maximumSeconds, !(maximumSeconds > 0) { throw LoadError("--load-max-duration must be above 0") }
  }

  /// A load that never calls is a mistake.
  private func checked() throws(LoadError) -> LoadSchedule {
    guard segments.contains(where: { $0.calls > 0 }) else { throw LoadError("the load has a rate of 0") }
    return self
  }

  /// When a call is due, in nanoseconds from the start of the load.
  /// - Parameter number: from 0.
  /// - Returns: nil if it never is, because the rate has gone to 0.
  package func due(call number: Int) -> UInt64? {
    let wanted = Double(number)
    guard let segment = segment(of: wanted) else { return nil }
    let calls = wanted - segment.before
    let seconds: Double
    if segment.slope == 0 {
      seconds = calls / segment.rate
    } else {
      // The root of slope/2 t^2 + rate t = calls that loses no digits where the slope is small.
      let root = max(segment.rate * segment.rate + 2 * segment.slope * calls, 0).squareRoot()
      seconds = calls == 0 ? 0 : 2 * calls / (segment.rate + root)
    }
    let nanoseconds = (segment.start + seconds) * 1e9
    return nanoseconds < 9.2e18 ? UInt64(nanoseconds) : nil
  }

  /// The first segment whose calls are not all before this one.
  private func segment(of call: Double) -> Segment? {
    var low = 0
    var high = segments.count
    while low < high {
      let middle = (low + high) / 2
      if call < segments[middle].before + segments[middle].calls { high = middle } else { low = middle + 1 }
    }
    return low < segments.count ? segments[low] : nil
  }

  /// The rate in calls a second, so many seconds after the start.
  package func rate(at seconds: Double) -> Double {
    guard let segment = segments.last(where: { $0.start <= seconds }) else { return 0 }
    return segment.rate + segment.slope * (seconds - segment.start)
  }
}
