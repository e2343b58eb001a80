/// What a background worker does, and whether it fails.
public struct WorkerState: Sendable, Hashable {
  /// What it does now.
  public enum Phase: Sendable, Hashable {
    /// Not started yet.
    case new
    /// A run is under way.
    case running
    /// It waits for its next run or its next retry.
    case waiting
    /// Its owner stopped it, and the run that was under way has not ended yet.
    case stopping
    /// Its owner stopped it, and no run is under way.
    case stopped
  }

  /// What it does now.
  public internal(set) var phase = Phase.new
  /// CLOCK_MONOTONIC in nanoseconds at the first failure since its last success; nil if its last run succeeded.
  public internal(set) var failedSince: UInt64?
  /// Consecutive failures.
  public internal(set) var failures = 0
  /// The error of its last failure. A later success does not clear it.
  public internal(set) var lastError: String?
  /// CLOCK_MONOTONIC in nanoseconds at its last success; nil before the first.
  public internal(set) var lastSuccess: UInt64?

  /// Whether its last run failed.
  public var isFailing: Bool { failedSince != nil }

  init() {}
}
