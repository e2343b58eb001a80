import CLinux
import Glibc
import Synchronization

/// Jobs and closures that other threads pass to a loop, in the order of arrival, and an eventfd that wakes the loop.
///
/// Only the first `put` since the loop last emptied the mailbox writes to the eventfd.
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

  /// Any thread. The write fails only if the eventfd's counter is full, and then the loop wakes anyway.
  func wake() {
    clinux_eventfd_signal(wakeDescriptor)
  }

  /// Takes everything, and lets the next `put` write to the eventfd again. The loop calls it on its own thread when the
  /// eventfd is readable.
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
