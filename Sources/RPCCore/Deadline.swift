import Glibc

/// The time at which a call ends at the latest, on CLOCK_MONOTONIC. A handler passes it on to the calls and statements
/// that it makes, so that all of them share one budget.
public struct Deadline: Sendable, Hashable, Comparable {
  /// CLOCK_MONOTONIC in nanoseconds.
  public let nanoseconds: UInt64

  /// - Parameter nanoseconds: a time of CLOCK_MONOTONIC.
  public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  /// A deadline `duration` from now. With a negative duration it has passed already; with one that is out of range it
  /// never passes.
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

  /// The time that is left; zero once the deadline has passed. Reads the clock.
  public var remaining: Duration {
    let now = Self.monotonicNow()
    return .nanoseconds(Int64(clamping: nanoseconds > now ? nanoseconds - now : 0))
  }

  /// Whether the deadline has passed. Reads the clock.
  public var hasPassed: Bool { nanoseconds <= Self.monotonicNow() }

  /// Whether the left deadline is earlier than the right one.
  public static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }

  private static func monotonicNow() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
