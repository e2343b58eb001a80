internal import Primitives

/// A limit on running calls that adapts to their latency, by a gradient search. Pure: the caller passes times, in
/// nanoseconds.
///
/// Each window of at least 100 ms and ten calls makes a step towards `limit * min(1, tolerance * base / latency) +
/// sqrt(limit)`, smoothed. `base` is the latency without load. It follows a lower latency at once, but a higher one
/// slowly, and only while few calls run (fewer than half of the limit, or a limit near its minimum): otherwise it would
/// take the latency under load for the normal one.
struct GradientLimit {
  private static let window: UInt64 = 100_000_000
  private static let samplesOfWindow = 10
  /// The lowest factor by which a step multiplies the limit, before smoothing.
  private static let lowestGradient = 0.5
  private static let smoothing = 0.2
  private static let drift = 0.02

  private let minimum: Double
  private let maximum: Double
  private let tolerance: Double
  private(set) var limit: Double
  /// Latency without load; 0 before the first window.
  private(set) var base = 0.0

  private var windowBegan: UInt64 = 0
  private var sum = 0.0
  private var samples = 0
  private var mostRunning = 0

  init(_ settings: AdaptiveLimit, loops: Int = 1) {
    minimum = Double(Admission.share(of: settings.minimum, loops: loops))
    maximum = max(minimum, Double(Admission.share(of: settings.maximum, loops: loops)))
    limit = min(max(Double(Admission.share(of: settings.initial, loops: loops)), minimum), maximum)
    tolerance = max(1, settings.tolerance)
  }

  func hasRoom(_ running: Int) -> Bool { Double(running) < limit }

  /// A call has ended.
  /// - Parameter running: how many calls ran then, including this one.
  mutating func ended(after latency: UInt64, running: Int, now: UInt64) {
    if samples == 0 { windowBegan = now }
    samples += 1
    sum += max(1, Double(latency))
    mostRunning = max(mostRunning, running)
    guard samples >= Self.samplesOfWindow, now.isPast(windowBegan, by: Self.window) else { return }
    step(sum / Double(samples))
    samples = 0
    sum = 0
    mostRunning = 0
  }

  private mutating func step(_ latency: Double) {
    let isUnused = Double(mostRunning) < limit / 2
    if base == 0 || latency < base {
      base = latency
    } else if isUnused || limit <= minimum * 2 {
      base += (latency - base) * Self.drift
    }
    let gradient = max(Self.lowestGradient, min(1, tolerance * base / latency))
    // While fewer calls run than the limit allows, their latency does not show that a higher limit would do.
    if gradient == 1, isUnused { return }
    let wanted = limit * gradient + limit.squareRoot()
    limit = min(max(limit + (wanted - limit) * Self.smoothing, minimum), maximum)
  }
}
