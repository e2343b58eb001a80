internal import EventLoop

/// Pauses of a task, by a timer of its loop.
enum LoopSleep {
  /// Suspends for so long, in milliseconds rounded up. Loop thread; it does not notice cancellation.
  nonisolated(nonsending) static func wait(_ duration: Duration, on loop: EventLoop) async throws {
    var timer: LoopTimer?
    await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      let made = LoopTimer(on: loop) { continuation.resume() }
      made.schedule(after: duration)
      timer = made
    }
    withExtendedLifetime(timer) {}
    try Task.checkCancellation()
  }
}
