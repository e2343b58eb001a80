import CLinux
import Glibc
import Synchronization

// @unchecked Sendable: the semaphore lives in its own memory, and POSIX lets threads share it.
/// A gate that opens once, for a main thread that waits for the loops. Never wait on a loop's thread.
public final class Latch: @unchecked Sendable {
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  /// A closed gate.
  public init() { sem_init(semaphore, 0, 0) }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  /// Opens the gate. Any thread may call it, any number of times.
  public func open() { sem_post(semaphore) }

  /// Blocks until the gate is open. It stays open for every other waiter.
  public func wait() {
    while sem_wait(semaphore) != 0 {}
    sem_post(semaphore)
  }
}

extension Latch {
  /// Blocks the calling thread until `work` is done. For a main thread only: never call it on a loop's thread or in a
  /// task.
  public static func wait<Value: Sendable>(for work: @escaping @Sendable () async -> Value) -> Value {
    let latch = Latch()
    let result = Mutex<Value?>(nil)
    Task {
      let value = await work()
      result.withLock { $0 = value }
      latch.open()
    }
    while true {
      latch.wait()
      if let value = result.withLock({ $0 }) { return value }
    }
  }
}
