import Glibc

/// When a call is over: a point of CLOCK_MONOTONIC. It is one budget, handed on to whatever the call calls.
public struct Deadline: Sendable, Hashable, Comparable {
  /// CLOCK_MONOTONIC in nanoseconds.
  public let nanoseconds: UInt64

  /// A deadline at a reading of CLOCK_MONOTONIC.
  public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  /// `duration` from now; a negative one has passed already, one that is too long never passes.
  public static func after(_ duration: Duration) -> Deadline {
    let (seconds, attoseconds) = duration.components
    guard seconds >= 0, attoseconds >= 0 else { return Deadline(nanoseconds: 0) }
    let (whole, tooLarge) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    let timeout = GRPCTimeout.saturatingSum(tooLarge ? .max : whole, UInt64(attoseconds / 1_000_000_000))
    return after(nanoseconds: timeout, now: monotonicNow())
  }

  package static func after(nanoseconds timeout: UInt64, now: UInt64) -> Deadline {
    Deadline(nanoseconds: GRPCTimeout.saturatingSum(now, timeout))
  }

  /// What is left; zero once it has passed.
  public var remaining: Duration {
    let now = Self.monotonicNow()
    return .nanoseconds(Int64(clamping: nanoseconds > now ? nanoseconds - now : 0))
  }

  /// Whether the time is over. Reads the clock.
  public var hasPassed: Bool { nanoseconds <= Self.monotonicNow() }

  /// Whether a deadline comes before another.
  public static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }

  private static func monotonicNow() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}

/// `grpc-timeout`: at most eight digits and a unit.
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests
package enum GRPCTimeout {
  /// Nanoseconds, or nil if malformed.
  package static func parse(_ text: UnsafeRawBufferPointer) -> UInt64? {
    guard (2...9).contains(text.count), let unit = text.last else { return nil }
    var value: UInt64 = 0
    for digit in text.dropLast() {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
      value = value * 10 + UInt64(digit - UInt8(ascii: "0"))
    }
    let scale: UInt64
    switch unit {
    case UInt8(ascii: "n"): scale = 1
    case UInt8(ascii: "u"): scale = 1_000
    case UInt8(ascii: "m"): scale = 1_000_000
    case UInt8(ascii: "S"): scale = 1_000_000_000
    case UInt8(ascii: "M"): scale = 60_000_000_000
    case UInt8(ascii: "H"): scale = 3_600_000_000_000
    default: return nil
    }
    // 99,999,999 hours do not fit 64 bits of nanoseconds; 584 years are for ever.
    let (product, overflow) = value.multipliedReportingOverflow(by: scale)
    return overflow ? .max : product
  }

  static func saturatingSum(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
  }
}
