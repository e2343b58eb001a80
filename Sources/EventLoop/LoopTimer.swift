import Primitives

/// A timer of one loop. It can be scheduled and cancelled any number of times, on the loop's thread; it fires there.
///
/// Keep a reference to it: the loop does not, and a timer that is released does not fire. Its action holds what it
/// captures as long as the timer exists, so capture the owner weakly or unowned. Its resolution is a millisecond; it
/// never fires early.
public final class LoopTimer {
  private unowned let loop: EventLoop
  private let action: () -> Void

  // Owned by the timer wheel.
  var tick: UInt64 = 0
  var slot: Int?
  var next: Unmanaged<LoopTimer>?
  var previous: Unmanaged<LoopTimer>?
  /// The wheel has handed it out to fire in this turn, unless another timer of the turn cancels it first.
  var isDue = false

  /// - Parameter action: called on the loop's thread, in phase 2 of a turn.
  public init(on loop: EventLoop, _ action: @escaping () -> Void) {
    self.loop = loop
    self.action = action
  }

  deinit {
    if slot != nil { loop.unschedule(self) }
  }

  /// Fires once after `delay`. This replaces an earlier schedule.
  public func schedule(after delay: Duration) {
    schedule(atNanoseconds: loop.now.saturatingAdd(delay.clampedNanoseconds))
  }

  /// Fires once when CLOCK_MONOTONIC reaches `time`. This replaces an earlier schedule.
  public func schedule(atNanoseconds time: UInt64) {
    cancel()
    loop.schedule(self, atNanoseconds: time)
  }

  /// Does nothing if the timer is not scheduled.
  public func cancel() {
    isDue = false
    if slot != nil { loop.unschedule(self) }
  }

  func fire() {
    guard isDue else { return }
    isDue = false
    action()
  }
}
