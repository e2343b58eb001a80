import CLinux
import Glibc
import Primitives
import Synchronization

/// Why the offload pool refused work.
public struct OffloadError: Error, Sendable, Hashable {
  private enum Code { case queueFull, shutDown, noThread }
  private let code: Code

  /// The pool's queue is full.
  public static let queueFull = OffloadError(code: .queueFull)
  /// The pool was shut down.
  public static let shutDown = OffloadError(code: .shutDown)
  /// The pool has no thread, and the system refuses to start one.
  public static let noThread = OffloadError(code: .noThread)
}

/// Threads for work that blocks or that computes for longer than a millisecond: name resolution, password hashing. Its
/// queue is bounded.
public final class OffloadPool: Sendable {
  private struct State {
    var queue = Ring<@Sendable () -> Void>()
    var isShutDown = false
    /// Threads that were started.
    var threads = 0
  }

  /// Starts a detached thread that calls the function with the argument. Returns the result of pthread_create: 0, or an
  /// errno.
  typealias Starter =
    @Sendable (
      _ function: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?,
      _ argument: UnsafeMutableRawPointer
    ) -> Int32

  private let threads: Int
  private let queueLimit: Int
  private let start: Starter
  private let state: Mutex<State>
  private let wakeups: Wakeups

  /// - Parameters:
  ///   - threads: how many calls of `run` execute at once; for work that computes, use the number of cores. If the
  ///     system refuses to start some of the threads, each `run` tries again.
  ///   - queueLimit: how many further calls may wait.
  public convenience init(threads: Int, queueLimit: Int) {
    self.init(threads: threads, queueLimit: queueLimit) { function, argument in
      var thread = pthread_t()
      let code = pthread_create(&thread, nil, function, argument)
      if code == 0 { pthread_detach(thread) }
      return code
    }
  }

  init(threads: Int, queueLimit: Int, start: @escaping Starter) {
    self.threads = max(threads, 1)
    self.queueLimit = queueLimit
    self.start = start
    state = Mutex(State())
    wakeups = Wakeups()
    startThreads()
  }

  /// Runs `work` on a thread of the pool and suspends the caller until it returns. Cancelling the caller's task neither
  /// removes the work from the queue nor interrupts it.
  public func run<T: Sendable>(_ work: @escaping @Sendable () -> T) async throws(OffloadError) -> T {
    let result: Result<T, OffloadError> = await withUnsafeContinuation { continuation in
      let refusal = submit { continuation.resume(returning: .success(work())) }
      if let refusal { continuation.resume(returning: .failure(refusal)) }
    }
    return try result.get()
  }

  /// Refuses new work. The threads still do the work that waits, and then end.
  public func shutdown() {
    state.withLock { $0.isShutDown = true }
    wakeups.postAll()
  }

  /// Has `work` run on a thread of the pool.
  /// - Returns: why it will not be; nil if it will.
  func submit(_ work: @escaping @Sendable () -> Void) -> OffloadError? {
    startThreads()
    let refusal: OffloadError? = state.withLock { state in
      if state.isShutDown { return .shutDown }
      if state.threads == 0 { return .noThread }
      if state.queue.count >= queueLimit { return .queueFull }
      state.queue.append(work)
      return nil
    }
    if refusal == nil { wakeups.post() }
    return refusal
  }

  private func take() -> (work: (@Sendable () -> Void)?, isOver: Bool) {
    state.withLock { state in
      let work = state.queue.popFirst()
      return (work, work == nil && state.isShutDown)
    }
  }

  /// Starts the threads that are missing, until the system refuses one.
  private func startThreads() {
    state.withLock { state in
      while !state.isShutDown, state.threads < threads, startThread() { state.threads += 1 }
    }
  }

  /// - Returns: whether the system started the thread.
  private func startThread() -> Bool {
    let argument = Unmanaged.passRetained(self)
    let code = start(
      { argument in
        guard let argument else { return nil }
        clinux_name_thread("offload")
        Unmanaged<OffloadPool>.fromOpaque(argument).takeRetainedValue().work()
        return nil
      }, argument.toOpaque())
    if code != 0 { argument.release() }
    return code == 0
  }

  private func work() {
    while true {
      let (work, isOver) = take()
      if let work {
        work()
      } else if isOver {
        return
      } else {
        wakeups.wait()
      }
    }
  }
}

/// A condition variable with a count, on which idle threads wait.
// @unchecked Sendable: the pthread objects live in their own memory, and the mutex guards the other fields.
private final class Wakeups: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private var pending = 0
  private var isOpen = false

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  func post() {
    pthread_mutex_lock(mutex)
    pending += 1
    pthread_cond_signal(condition)
    pthread_mutex_unlock(mutex)
  }

  func postAll() {
    pthread_mutex_lock(mutex)
    isOpen = true
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }

  func wait() {
    pthread_mutex_lock(mutex)
    while pending == 0 && !isOpen { pthread_cond_wait(condition, mutex) }
    if pending > 0 { pending -= 1 }
    pthread_mutex_unlock(mutex)
  }
}
