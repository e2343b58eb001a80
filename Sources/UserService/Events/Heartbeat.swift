internal import EventLoop
internal import Primitives

/// The timer of a watcher's heartbeat. It belongs to the loop of the watcher's call.
final class Heartbeat {
  private let interval: UInt64
  private var due: UInt64
  private var timer: LoopTimer?
  private var onDue: (@Sendable () -> Void)?

  /// - Parameter interval: how long nothing may be sent.
  init(every interval: Duration) {
    self.interval = interval.clampedNanoseconds
    due = MonotonicClock.nanoseconds.saturatingAdd(self.interval)
  }

  /// Whether nothing was sent for long.
  var isDue: Bool { MonotonicClock.nanoseconds >= due }

  /// Notes that something was sent.
  func sent() { due = MonotonicClock.nanoseconds.saturatingAdd(interval) }

  /// Calls the function once it is due, unless `disarm` is called before.
  func arm(_ action: @escaping @Sendable () -> Void) {
    guard let loop = EventLoop.current else { return }
    onDue = action
    let timer = timer ?? LoopTimer(on: loop) { [unowned self] in onDue?() }
    self.timer = timer
    timer.schedule(atNanoseconds: due)
  }

  /// Calls nothing any more. On the loop.
  func disarm() {
    timer?.cancel()
    onDue = nil
  }
}
