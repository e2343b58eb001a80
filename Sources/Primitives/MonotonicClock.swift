internal import Glibc

/// CLOCK_MONOTONIC, the clock of all timers and deadlines: it never jumps, and it means nothing outside this machine's
/// boot.
public enum MonotonicClock {
  /// Nanoseconds since an arbitrary start. Any thread may call it; it costs a vDSO call (about 30 ns).
  public static var nanoseconds: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

extension Duration {
  /// Whole nanoseconds, negative durations as 0, cut at `UInt64.max` (584 years).
  public var clampedNanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    return overflow ? .max : whole.saturatingAdd(UInt64(attoseconds / 1_000_000_000))
  }
}

extension UInt64 {
  /// The sum, cut at the largest value: times far in the future stay in the future.
  @inlinable
  public func saturatingAdd(_ other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }

  /// Whether this time is at least so much after another one. A limit of nil is never passed.
  @inlinable
  package func isPast(_ start: UInt64, by limit: UInt64?) -> Bool {
    guard let limit, self >= start else { return false }
    return self - start >= limit
  }
}
