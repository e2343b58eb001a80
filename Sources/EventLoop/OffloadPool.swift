import CLinux
import Glibc
import Synchronization

/// Why work was not done by the offload pool.
public struct OffloadError: Error, Sendable, Hashable {
  private enum Code { case queueFull, shutDown, noThread }
  private let code: Code

  /// As much work as the pool may keep is waiting already.
  public static let queueFull = OffloadError(code: .queueFull)
  /// The pool was shut down.
  public static let shutDown = OffloadError(code: .shutDown)
  /// The system lets this process start no thread.
  public static let noThread = OffloadError(code: .noThread)
}

/// Threads for work that blocks or computes for over a millisecond: name resolution, password hashing. Its queue is
/// bounded.
public final class OffloadPool: Sendable {
  private struct State {
    var queue: [@Sendable () -> Void] = []
    var head = 0
    var isShutDown = false
    /// Those that run.
    var threads = 0
    var waiting: Int { queue.count - head }
  }

  /// Starts a detached thread that calls the function with the argument; the errno of pthread_create.
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
  ///   - threads: how many pieces of work run at once; the core count is a good choice for work that computes. Those
  ///     that the system refuses are asked for again when there is work.
  ///   - queueLimit: how many more may wait.
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

  /// Runs `work` on a thread of the pool and suspends the caller meanwhile. Work that has begun is not interrupted by
  /// cancellation: its result comes when it comes.
  public func run<T: Sendable>(_ work: @escaping @Sendable () -> T) async throws(OffloadError) -> T {
    let result: Result<T, OffloadError> = await withUnsafeContinuation { continuation in
      let refusal = submit { continuation.resume(returning: .success(work())) }
      if let refusal { continuation.resume(returning: .failure(refusal)) }
    }
    return try result.get()
  }

  /// Refuses new work; what waits is still done, then the threads end.
  public func shutdown() {
    state.withLock { $0.isShutDown = true }
    wakeups.postAll()
  }

  private func submit(_ work: @escaping @Sendable () -> Void) -> OffloadError? {
    startThreads()
    let refusal: OffloadError? = state.withLock { state in
      if state.isShutDown { return .shutDown }
      if state.threads == 0 { return .noThread }
      if state.waiting >= queueLimit { return .queueFull }
      state.queue.append(work)
      return nil
    }
    if refusal == nil { wakeups.post() }
    return refusal
  }

  private func take() -> (work: (@Sendable () -> Void)?, isOver: Bool) {
    state.withLock { state in
      guard state.waiting > 0 else { return (nil, state.isShutDown) }
      let work = state.queue[state.head]
      state.head += 1
      // The places of what was taken are given back once they are the larger part.
      if state.head * 2 >= state.queue.count {
        state.queue.removeFirst(state.head)
        state.head = 0
      }
      return (work, false)
    }
  }

  /// Starts the threads that are missing, as far as the system lets it.
  private func startThreads() {
    state.withLock { state in
      while !state.isShutDown, state.threads < threads, startThread() { state.threads += 1 }
    }
  }

  /// - Returns: false if the system refuses.
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

/// A condition with a count, for threads that have nothing to do.
// @unchecked Sendable: the pthread objects live in memory of their own and are made to be shared.
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
