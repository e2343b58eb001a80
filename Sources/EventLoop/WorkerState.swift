/// How a background worker is.
public struct WorkerState: Sendable, Hashable {
  /// What it does now.
  public enum Phase: Sendable, Hashable {
    /// Not started yet.
    case new
    /// Its work is under way.
    case running
    /// Until its next turn, or until it tries again what failed.
    case waiting
    /// It was told to stop; what was under way has ended when it is `stopped`.
    case stopping, stopped
  }

  /// What it does now.
  public internal(set) var phase = Phase.new
  /// CLOCK_MONOTONIC in nanoseconds of the first failure since it last succeeded; nil while all is well.
  public internal(set) var failedSince: UInt64?
  /// Failures in a row.
  public internal(set) var failures = 0
  /// What it failed with last, also when it succeeded since then.
  public internal(set) var lastError: String?
  /// CLOCK_MONOTONIC in nanoseconds; nil before its first success.
  public internal(set) var lastSuccess: UInt64?

  /// Whether its last turn failed.
  public var isFailing: Bool { failedSince != nil }

  init() {}
}
