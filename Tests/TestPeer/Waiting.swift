import Dispatch
import Foundation
import Synchronization

/// A thread for each job: where a test blocks, it holds up none of the few threads that all tasks share.
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
/// go. Any thread.
public final class Gate: Sendable {
  /// Nobody opened the gate for as long as a test may take.
  public struct NeverOpened: Error {}

  private struct State {
    var isOpen = false
    var count = 0
    var waiters: [Int: CheckedContinuation<Bool, Never>] = [:]
  }

  private let state = Mutex(State())
  private let semaphore = DispatchSemaphore(value: 0)

  /// A closed gate.
  public init() {}

  /// Whether it is open.
  public var isOpen: Bool { state.withLock { $0.isOpen } }

  /// Lets all pass, any number of times.
  public func open() {
    let waiters = state.withLock { state in
      state.isOpen = true
      defer { state.waiters = [:] }
      return state.waiters.values
    }
    semaphore.signal()
    for waiter in waiters { waiter.resume(returning: true) }
  }

  /// Suspends until the gate is open, whether or not the task is cancelled.
  public func passed() async { _ = await wait { _ in } }

  /// Suspends until the gate is open.
  /// - Throws: `NeverOpened` if that takes longer than a test may take.
  public func wait() async throws {
    let isOpen = await wait { number in
      DispatchQueue.global().asyncAfter(deadline: .now() + Peer.patience) { [self] in
        state.withLock { $0.waiters.removeValue(forKey: number) }?.resume(returning: false)
      }
    }
    if !isOpen { throw NeverOpened() }
  }

  /// Blocks the calling thread, a server's, until the gate is open.
  public func block() {
    guard semaphore.wait(timeout: .now() + Peer.patience) == .success else { return }
    semaphore.signal()
  }

  /// - Parameter started: called if the gate is closed, with the number of the one who waits.
  private func wait(_ started: (Int) -> Void) async -> Bool {
    await withCheckedContinuation { continuation in
      let number: Int? = state.withLock { state in
        if state.isOpen { return nil }
        state.count += 1
        state.waiters[state.count] = continuation
        return state.count
      }
      if let number { started(number) } else { continuation.resume(returning: true) }
    }
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

extension Sequence {
  /// As `map`, for what waits; one element after the other.
  public func asyncMap<T>(_ transform: (Element) async throws -> T) async rethrows -> [T] {
    var results: [T] = []
    for element in self { results.append(try await transform(element)) }
    return results
  }
}
