import CLinux
import Glibc

/// A gate that opens once: for a main thread that waits for the loops. Never wait on a loop's thread.
// @unchecked Sendable: the semaphore lives in memory of its own and is made to be shared.
public final class Latch: @unchecked Sendable {
  private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

  public init() { sem_init(semaphore, 0, 0) }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  /// Any thread, any number of times.
  public func open() { sem_post(semaphore) }

  /// Blocks until the gate is open. Others that wait are let through too.
  public func wait() {
    while sem_wait(semaphore) != 0 {}
    sem_post(semaphore)
  }
}
