import Synchronization

/// Cancels the task of a call a while after that asks for it. The task and its wish come in either order.
final class Canceller: Sendable {
  private struct State {
    var task: Task<Void, any Error>?
    var delay: Duration?
    var timer: Task<Void, Never>?
  }

  private let state = Mutex(State())

  /// This is the task.
  func watch(_ task: Task<Void, any Error>) { change { $0.task = task } }

  /// It is to be cancelled.
  func cancel(after delay: Duration) { change { $0.delay = delay } }

  /// It has ended.
  func end() { state.withLock { $0.timer?.cancel() } }

  private func change(_ change: (inout State) -> Void) {
    state.withLock { state in
      change(&state)
      guard let task = state.task, let delay = state.delay, state.timer == nil else { return }
      state.timer = Task {
        try? await Task.sleep(for: delay)
        task.cancel()
      }
    }
  }
}
