internal import EventLoop
internal import Primitives

/// Holds an answer back until a fixed time, so that its timing does not reveal what happened before.
enum MinimumResponseTime {
  /// How long a sign-in takes at least: more than a hash of this cost takes on a slow machine.
  static func duration(cost: Int) -> Duration {
    cost >= 12 ? .milliseconds(400 << (cost - 12)) : .milliseconds(max(400 >> (12 - cost), 1))
  }

  /// Returns when CLOCK_MONOTONIC reaches `time` (in nanoseconds), without holding up the loop. It does not end earlier
  /// if the task is cancelled.
  nonisolated(nonsending) static func wait(until time: UInt64) async {
    let now = MonotonicClock.nanoseconds
    guard now < time else { return }
    guard let loop = EventLoop.current else {
      try? await Task.sleep(nanoseconds: time - now)
      return
    }
    let box = Box()
    await withUnsafeContinuation { continuation in
      let timer = LoopTimer(on: loop) { continuation.resume() }
      timer.schedule(atNanoseconds: time)
      box.timer = timer
    }
    // The timer would not fire if it were released.
    withExtendedLifetime(box) {}
  }

  /// Holds the timer. Only the loop's thread touches it.
  private final class Box {
    var timer: LoopTimer?
  }
}
