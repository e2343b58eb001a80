import Primitives

/// The state machine of a background worker, without its tasks and timers: each method takes an event and returns what
/// to do.
struct WorkerMachine {
  enum Action: Sendable, Hashable {
    case none
    /// Begin a run.
    case run
    /// Call `wake` after this time.
    case wait(Duration)
    /// Cancel the run that is under way, and still report its end by `succeeded` or `failed`.
    case cancel
    /// The worker has stopped: resume the callers of `stop`.
    case finish
  }

  private(set) var state = WorkerState()
  private var backoff: Backoff
  /// `wake` was called during a run, which may have begun too early to see the reason: another run follows.
  private var isWoken = false

  init(backoff: Backoff) { self.backoff = backoff }

  mutating func start() -> Action {
    guard state.phase == .new else { return .none }
    return begin()
  }

  /// The wait is over, or somebody has work for it.
  mutating func wake() -> Action {
    switch state.phase {
    case .waiting: return begin()
    case .running:
      isWoken = true
      return .none
    case .new, .stopping, .stopped: return .none
    }
  }

  private mutating func begin() -> Action {
    state.phase = .running
    isWoken = false
    return .run
  }

  /// - Parameter now: CLOCK_MONOTONIC in nanoseconds.
  mutating func succeeded(pause: Duration, now: UInt64) -> Action {
    guard state.phase == .running else { return end() }
    backoff.reset()
    state.failedSince = nil
    state.failures = 0
    state.lastSuccess = now
    state.phase = .waiting
    return .wait(isWoken ? .zero : pause)
  }

  mutating func failed(
    _ error: String, now: UInt64, using generator: inout some RandomNumberGenerator
  ) -> Action {
    guard state.phase == .running else { return end() }
    state.failedSince = state.failedSince ?? now
    state.failures += 1
    state.lastError = error
    state.phase = .waiting
    return .wait(backoff.next(using: &generator))
  }

  mutating func stop() -> Action {
    switch state.phase {
    case .running:
      state.phase = .stopping
      return .cancel
    case .stopping: return .none
    case .new, .waiting, .stopped: return end()
    }
  }

  private mutating func end() -> Action {
    state.phase = .stopped
    return .finish
  }
}
