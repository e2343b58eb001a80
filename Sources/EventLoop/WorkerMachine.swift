/// The life of a background worker without its tasks and timers: it is told what happened, and says what to do.
struct WorkerMachine {
  enum Action: Sendable, Hashable {
    case none
    /// Begin the work.
    case run
    /// Have `rested` called after this time.
    case rest(Duration)
    /// Cancel the work that is under way; it will still report how it ended.
    case cancel
    /// It has stopped: tell those who wait for that.
    case finish
  }

  private(set) var state = WorkerState()
  private var backoff: Backoff
  /// It was woken while it worked: what it was woken for may have come too late for that.
  private var isWoken = false

  init(backoff: Backoff) { self.backoff = backoff }

  mutating func start() -> Action {
    guard state.phase == .new else { return .none }
    return begin()
  }

  /// Its time to rest is over, or somebody has work for it.
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
  mutating func succeeded(rest: Duration, now: UInt64) -> Action {
    guard state.phase == .running else { return end() }
    backoff.reset()
    state.failedSince = nil
    state.failures = 0
    state.lastSuccess = now
    state.phase = .waiting
    return .rest(isWoken ? .zero : rest)
  }

  mutating func failed(
    _ error: String, now: UInt64, using generator: inout some RandomNumberGenerator
  ) -> Action {
    guard state.phase == .running else { return end() }
    state.failedSince = state.failedSince ?? now
    state.failures += 1
    state.lastError = error
    state.phase = .waiting
    return .rest(backoff.next(using: &generator))
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
