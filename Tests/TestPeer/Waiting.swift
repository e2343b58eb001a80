import Dispatch
import Foundation
import Synchronization

/// A thread for each job: where a test may block, so that it does not hold up the few threads that all tasks share.
private final class OwnThread: TaskExecutor {
  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    Thread.detachNewThread { [self] in job.runSynchronously(on: asUnownedTaskExecutor()) }
  }
}

/// Runs `body` where blocking calls do no harm, as part of the same task.
public func whereBlockingIsFine<T: Sendable>(_ body: () async throws -> T) async throws -> T {
  try await withTaskExecutorPreference(OwnThread(), operation: body)
}

/// A gate that opens once: for tests that must know that something has happened, and for handlers that wait to be let
/// go.
public final class Gate: Sendable {
  /// Nobody opened the gate for as long as a test may take.
  public struct NeverOpened: Error {}

  private struct State {
    var isOpen = false
    var waiters: [CheckedContinuation<Void, Never>] = []
  }

  private let state = Mutex(State())
  private let semaphore = DispatchSemaphore(value: 0)

  /// A closed gate.
  public init() {}

  /// Whether it is open. Any thread.
  public var isOpen: Bool { state.withLock { $0.isOpen } }

  /// Any thread, any number of times.
  public func open() {
    let waiters = state.withLock { state in
      state.isOpen = true
      defer { state.waiters = [] }
      return state.waiters
    }
    semaphore.signal()
    for waiter in waiters { waiter.resume() }
  }

  /// Suspends until the gate is open, whether or not the task is cancelled.
  public func passed() async {
    await withCheckedContinuation { continuation in
      let isOpen = state.withLock { state in
        if !state.isOpen { state.waiters.append(continuation) }
        return state.isOpen
      }
      if isOpen { continuation.resume() }
    }
  }

  /// Blocks until the gate is open.
  public func wait() throws {
    guard semaphore.wait(timeout: .now() + Peer.patience) == .success else { throw NeverOpened() }
    semaphore.signal()
  }
}

/// Suspends until the task is cancelled.
public func untilCancelled() async {
  let gate = Gate()
  await withTaskCancellationHandler {
    await gate.passed()
  } onCancel: {
    gate.open()
  }
}
