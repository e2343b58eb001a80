import EventLoop
import Primitives
import Synchronization
import Testing

/// A timer that is more precise than those of the wheel.
@Suite(.timeLimit(.minutes(1))) struct PreciseTimerTests {
  /// What happens on the loop, until `done` is called.
  private func onLoop(_ body: @escaping @Sendable (EventLoop, @escaping @Sendable () -> Void) throws -> Void)
    async throws
  {
    let loops = try EventLoopGroup(count: 1)
    defer { loops.shutdown() }
    let loop = loops.loops[0]
    let failure = Mutex<(any Error)?>(nil)
    await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
      loop.execute {
        do {
          try body(loop) { continuation.resume() }
        } catch {
          failure.withLock { $0 = error }
          continuation.resume()
        }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }

  @Test func itFiresOnceAndNeverEarly() async throws {
    let times = Mutex<[UInt64]>([])
    let start = MonotonicClock.nanoseconds
    try await onLoop { loop, done in
      let timer = try PreciseTimer(on: loop) { times.withLock { $0.append(MonotonicClock.nanoseconds) } }
      timer.schedule(atNanoseconds: start + 300_000)
      let end = LoopTimer(on: loop) {
        timer.cancel()
        done()
      }
      end.schedule(after: .milliseconds(30))
      KeepAlive.keep(end)
    }
    let fired = times.withLock { $0 }
    #expect(fired.count == 1 && fired.allSatisfy { $0 >= start + 300_000 })
  }

  @Test func aTimeThatHasPassedFiresAtOnce() async throws {
    try await onLoop { loop, done in
      let timer = try PreciseTimer(on: loop) { done() }
      timer.schedule(atNanoseconds: 0)
    }
  }

  @Test func theLastScheduleCounts() async throws {
    let start = MonotonicClock.nanoseconds
    let fired = Mutex<UInt64>(0)
    try await onLoop { loop, done in
      let timer = try PreciseTimer(on: loop) {
        fired.withLock { $0 = MonotonicClock.nanoseconds }
        done()
      }
      timer.schedule(atNanoseconds: start + 1_000_000)
      timer.schedule(atNanoseconds: start + 20_000_000)
    }
    #expect(fired.withLock { $0 } >= start + 20_000_000)
  }

  @Test func aTimerThatWasCancelledDoesNotFire() async throws {
    let fired = Atomic(false)
    try await onLoop { loop, done in
      let timer = try PreciseTimer(on: loop) { fired.store(true, ordering: .relaxed) }
      timer.schedule(atNanoseconds: MonotonicClock.nanoseconds + 1_000_000)
      timer.cancel()
      let end = LoopTimer(on: loop) { done() }
      end.schedule(after: .milliseconds(20))
      KeepAlive.keep(end)
    }
    let hasFired = fired.load(ordering: .relaxed)
    #expect(!hasFired)
  }
}

/// Holds the timers of a test's loop, which does not.
private enum KeepAlive {
  // @unchecked Sendable: nobody uses what is kept.
  private final class Box: @unchecked Sendable {
    let timer: LoopTimer
    init(_ timer: LoopTimer) { self.timer = timer }
  }

  private static let boxes = Mutex<[Box]>([])

  static func keep(_ timer: LoopTimer) {
    let box = Box(timer)
    boxes.withLock { $0.append(box) }
  }
}
