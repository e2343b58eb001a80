internal import EventLoop
internal import Primitives

/// Wakes the workers of a loop at the times at which their calls are due. Workers ask in the order of these times.
/// Belongs to the loop's thread.
final class LoadPacer {
  private struct Sleeper {
    let time: UInt64
    let continuation: UnsafeContinuation<Void, Never>
  }

  private let loop: EventLoop
  private var sleepers = Ring<Sleeper>(capacity: 16)
  private var timer: PreciseTimer?
  private var isStopped = false

  init(on loop: EventLoop) throws(EventLoopError) {
    self.loop = loop
    timer = try PreciseTimer(on: loop) { [unowned self] in wake() }
  }

  /// Suspends until CLOCK_MONOTONIC reaches `time`, or the pacer stops.
  nonisolated(nonsending) func sleep(until time: UInt64) async {
    loop.assertCurrent()
    guard !isStopped else { return }
    await withUnsafeContinuation { continuation in
      if sleepers.isEmpty { timer?.schedule(atNanoseconds: time) }
      sleepers.append(Sleeper(time: time, continuation: continuation))
    }
  }

  private func wake() {
    let now = MonotonicClock.nanoseconds
    while let next = sleepers.first, isStopped || next.time <= now {
      _ = sleepers.popFirst()
      next.continuation.resume()
    }
    if let next = sleepers.first { timer?.schedule(atNanoseconds: next.time) }
  }

  /// Wakes all, and lets nobody sleep from now on.
  func stop() {
    isStopped = true
    wake()
  }

  func close() {
    timer?.cancel()
    timer = nil
  }
}
