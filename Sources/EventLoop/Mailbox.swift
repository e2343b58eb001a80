import CLinux
import Glibc
import Synchronization

/// What other threads leave for a loop: jobs and closures, in the order of their coming, and one eventfd to wake it.
///
/// The eventfd is written only by the first who leaves something since the loop last looked: at most once per sleep.
final class Mailbox: Sendable {
  enum Item {
    case job(UnownedJob)
    case work(@Sendable () -> Void)
  }

  private struct State {
    var items: [Item] = []
    var isWakeSent = false
  }

  let wakeDescriptor: Int32
  private let state = Mutex(State())

  init() throws(EventLoopError) {
    wakeDescriptor = clinux_eventfd()
    if wakeDescriptor < 0 { throw EventLoopError(call: "eventfd", errno: errno) }
  }

  deinit { _ = close(wakeDescriptor) }

  /// Any thread.
  func put(_ item: sending Item) {
    let mustWake = state.withLock { state in
      state.items.append(item)
      defer { state.isWakeSent = true }
      return !state.isWakeSent
    }
    if mustWake { wake() }
  }

  /// Any thread. A full counter wakes the loop as well, so the result does not matter.
  func wake() {
    clinux_eventfd_signal(wakeDescriptor)
  }

  /// The loop's thread, when the eventfd was readable: takes everything, and lets the next `put` write again.
  func takeAll() -> [Item] {
    clinux_eventfd_clear(wakeDescriptor)
    return state.withLock { state in
      let items = state.items
      state.items = []
      state.isWakeSent = false
      return items
    }
  }
}
