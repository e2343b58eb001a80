import CLinux
import Glibc

// @unchecked Sendable: after init only the loop that `start` names touches it.
/// Delivers signals as events of a loop, by signalfd(2). Make it on the main thread before the process starts other
/// threads: they inherit its signal mask, so that only the descriptor receives the signals. From then on the process
/// also ignores SIGPIPE: it does not end when the reader of its output closes the pipe.
public final class SignalSource: ReadinessHandler, @unchecked Sendable {
  private let descriptor: Int32
  private var source: IOSource?
  private var onSignal: ((Int32) -> Void)?

  /// - Throws: when the signals can't be blocked or the process has no descriptors left.
  public init(_ signals: Int32...) throws(EventLoopError) {
    descriptor = clinux_signalfd(signals, Int32(signals.count))
    if descriptor < 0 { throw EventLoopError(call: "signalfd", errno: errno) }
    signal(SIGPIPE, SIG_IGN)
  }

  deinit { _ = close(descriptor) }

  /// Calls `onSignal` on the loop's thread for each signal, until `cancel()`. Loop thread only.
  public func start(on loop: EventLoop, _ onSignal: @escaping (Int32) -> Void) throws(EventLoopError) {
    self.onSignal = onSignal
    source = try loop.register(descriptor, .readable, self)
  }

  /// Stops delivering signals. They stay blocked. Loop thread only.
  public func cancel() {
    source?.cancel()
    source = nil
    onSignal = nil
  }

  /// Calls the closure of `start` for each pending signal. The loop calls this on its thread.
  public func ready(_ readiness: Readiness) {
    while true {
      let signal = clinux_signalfd_read(descriptor)
      if signal == 0 { return }
      onSignal?(signal)
    }
  }
}

extension SignalSource {
  /// Calls `first` on the loop's thread for the first signal. A second one ends the process at once: an operator who
  /// presses ctrl-C twice does not want to wait for calls to finish. It blocks until the loop watches the signals, so
  /// don't call it on the loop's thread. Keep the source until the loop has stopped.
  /// - Parameter onHangup: called for each SIGHUP, if the source has it; SIGHUP then counts neither as first nor as
  ///   second signal.
  /// - Throws: the error of epoll_ctl(2).
  public func watch(
    on loop: EventLoop, onHangup: (@Sendable () -> Void)? = nil, first: @escaping @Sendable () -> Void
  ) throws(EventLoopError) {
    let failure: EventLoopError? = Latch.wait {
      await withUnsafeContinuation { continuation in
        loop.execute { [self] in
          var isFirst = true
          do throws(EventLoopError) {
            try start(on: loop) { signal in
              if signal == SIGHUP, let onHangup { return onHangup() }
              if !isFirst { _exit(128 + signal) }
              isFirst = false
              first()
            }
            continuation.resume(returning: nil)
          } catch {
            continuation.resume(returning: error)
          }
        }
      }
    }
    if let failure { throw failure }
  }
}
