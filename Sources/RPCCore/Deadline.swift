internal import Primitives

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
    guard duration >= .zero else { return Deadline(nanoseconds: 0) }
    return after(nanoseconds: duration.clampedNanoseconds, now: MonotonicClock.nanoseconds)
  }

  package static func after(nanoseconds timeout: UInt64, now: UInt64) -> Deadline {
    Deadline(nanoseconds: now.saturatingAdd(timeout))
  }

  /// The time that is left; zero once the deadline has passed. Reads the clock.
  public var remaining: Duration {
    let now = MonotonicClock.nanoseconds
    return .nanoseconds(Int64(clamping: nanoseconds > now ? nanoseconds - now : 0))
  }

  /// Whether the deadline has passed. Reads the clock.
  public var hasPassed: Bool { nanoseconds <= MonotonicClock.nanoseconds }

  /// Whether the left deadline is earlier than the right one.
  public static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }
}
