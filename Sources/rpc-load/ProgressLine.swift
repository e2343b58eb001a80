import EventLoop
import Glibc
import Primitives
import RPCLoad
import Synchronization

/// A line on a terminal that says how far the load is. Nothing where standard error is no terminal.
// @unchecked Sendable: the variables belong to the loop's thread.
final class ProgressLine: @unchecked Sendable {
  private static let interval = Duration.milliseconds(500)

  private let run: LoadRun
  private let plan: LoadPlan
  private let loop: EventLoop
  private let start = MonotonicClock.nanoseconds
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let isFinished = Atomic(false)
  private var timer: LoopTimer?
  private var previous = 0

  init(_ run: LoadRun, _ plan: LoadPlan, on loop: EventLoop) {
    self.run = run
    self.plan = plan
    self.loop = loop
    guard isTerminal else { return }
    loop.execute { [self] in
      timer = LoopTimer(on: loop) { [unowned self] in show() }
      show()
    }
  }

  private func show() {
    guard !isFinished.load(ordering: .acquiring) else { return }
    let (ended, failed) = run.share.progress
    let seconds = Double(MonotonicClock.nanoseconds - start) / 1e9
    var text = "\(ended)" + (plan.total.map { " of \($0)" } ?? "") + " calls, \(failed) failed, "
    text += "\((ended - previous) * 2)/s, \(Decimal.text(seconds, 1)) s"
    if let duration = plan.duration { text += " of \(DurationText.short(Double(duration + plan.warmUp)))" }
    if ended == 0, plan.warmUp > 0 { text += ", warming up" }
    File.say("\r\u{1b}[K" + text)
    previous = ended
    timer?.schedule(after: Self.interval)
  }

  /// Removes the line. Any thread.
  func finish() {
    isFinished.store(true, ordering: .releasing)
    guard isTerminal else { return }
    Latch.wait { [self] in
      await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
        loop.execute { [self] in
          timer = nil
          continuation.resume()
        }
      }
    }
    File.say("\r\u{1b}[K")
  }
}
