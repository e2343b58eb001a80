import CLinux
import Glibc

// @unchecked Sendable: only its loop's thread touches it after init.
/// A timer of one loop that fires within some microseconds of its time, where a `LoopTimer` has a resolution of a
/// millisecond. It has a descriptor of its own and costs a system call to set, so it is for the few that need it. Loop
/// thread only.
public final class PreciseTimer: ReadinessHandler, @unchecked Sendable {
  private let descriptor: Int32
  private var source: IOSource?
  private var action: (() -> Void)?

  /// - Parameter action: called on the loop's thread, in phase 3 of a turn.
  /// - Throws: the error of timerfd_create(2) or epoll_ctl(2).
  public init(on loop: EventLoop, _ action: @escaping () -> Void) throws(EventLoopError) {
    descriptor = clinux_timerfd()
    if descriptor < 0 { throw EventLoopError(call: "timerfd_create", errno: errno) }
    self.action = action
    source = try loop.register(descriptor, .readable, self)
  }

  deinit { _ = close(descriptor) }

  /// Fires once when CLOCK_MONOTONIC reaches `time`, at once if it has. This replaces an earlier schedule.
  public func schedule(atNanoseconds time: UInt64) { _ = clinux_timerfd_set(descriptor, time) }

  /// Ends the timer, and drops its action. Without it the loop keeps the timer.
  public func cancel() {
    source?.cancel()
    source = nil
    action = nil
  }

  /// The loop calls this on its thread.
  public func ready(_ readiness: Readiness) {
    clinux_timerfd_clear(descriptor)
    action?()
  }
}
