/// A timer of one loop: scheduled, cancelled and fired on the loop's thread, any number of times.
///
/// Its owner keeps it: the loop does not, and a timer that is released while scheduled does not fire. Its action holds
/// what it captures until the timer goes, so capture the owner weakly or unowned. Resolution: a millisecond, never
/// early.
public final class LoopTimer {
  private unowned let loop: EventLoop
  private let action: () -> Void

  // Links of the wheel.
  var tick: UInt64 = 0
  var slot: Int?
  var next: Unmanaged<LoopTimer>?
  var previous: Unmanaged<LoopTimer>?
  /// Taken out of the wheel and about to fire in this turn, unless another timer of the turn cancels it first.
  var isDue = false

  /// - Parameter action: called on the loop's thread, in phase 2 of a turn.
  public init(on loop: EventLoop, _ action: @escaping () -> Void) {
    self.loop = loop
    self.action = action
  }

  deinit {
    if slot != nil { loop.unschedule(self) }
  }

  /// Fires once after `delay`; a timer that was already scheduled is moved.
  public func schedule(after delay: Duration) {
    schedule(atNanoseconds: loop.now.saturatingAdd(delay.clampedNanoseconds))
  }

  /// Fires once when the monotonic clock reaches `time`; a timer that was already scheduled is moved.
  public func schedule(atNanoseconds time: UInt64) {
    cancel()
    loop.schedule(self, atNanoseconds: time)
  }

  /// Safe to call when not scheduled.
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
