import Glibc
import Primitives

/// Says on a terminal how far long work is: one line on standard error, drawn anew a few times a second. Elsewhere it
/// says nothing.
struct ProgressLine {
  private static let interval: UInt64 = 200_000_000
  private let isShown = isatty(STDERR_FILENO) != 0
  private let unit: String
  private let start = MonotonicClock.nanoseconds
  private var last: UInt64 = 0

  /// - Parameter unit: of what is counted: "users".
  init(unit: String) { self.unit = unit }

  /// - Parameter share: how much is done, from 0 to 1; nil if nobody knows.
  mutating func update(_ count: Int, share: Double?) {
    guard isShown, MonotonicClock.nanoseconds - last >= Self.interval else { return }
    last = MonotonicClock.nanoseconds
    Output.write(Array("\r\u{1b}[K\(text(count, share, now: last))".utf8), to: STDERR_FILENO)
  }

  /// Clears the line.
  func finish() {
    if isShown { Output.write(Array("\r\u{1b}[K".utf8), to: STDERR_FILENO) }
  }

  private func text(_ count: Int, _ share: Double?, now: UInt64) -> String {
    let seconds = max(Double(now - start) / 1e9, 0.001)
    var bar = ""
    if let share {
      let done = Int(min(max(share, 0), 1) * 30)
      bar =
        "[" + String(repeating: "#", count: done) + String(repeating: ".", count: 30 - done) + "] "
        + "\(Int(min(max(share, 0), 1) * 100)) %  "
    }
    return "\(bar)\(count) \(unit), \(Int(Double(count) / seconds)) a second"
  }
}
