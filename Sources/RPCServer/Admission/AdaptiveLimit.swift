/// How a limit of running calls is found by their latency. The numbers are those of the server; its loops share them
/// out.
///
/// While calls take as long as they do without load, the limit grows; when they begin to take longer, they wait for
/// each other somewhere, and more of them at once would only wait longer: it shrinks. Give methods of very different
/// durations classes of their own.
public struct AdaptiveLimit: Sendable, Hashable {
  /// Where it begins.
  public var initial = 64
  /// It never falls below.
  public var minimum = 16
  /// It never rises above.
  public var maximum = 4096
  /// How many times as long as without load calls may take before it shrinks.
  public var tolerance = 2.0

  /// The defaults that stand at the properties.
  public init() {}
}

/// The limit itself: a gradient search. Pure: times, in nanoseconds, are handed in.
///
/// Every window of 100 ms with ten calls at least makes a step: `limit * min(1, tolerance * base / latency) + root of
/// limit`, smoothed. The base is the latency without load: it follows a lower latency at once. A higher one it follows
/// slowly, and only while few calls run (fewer than half of the limit, or a limit near its minimum): under load it
/// would call the waiting normal.
struct GradientLimit {
  private static let window: UInt64 = 100_000_000
  private static let samplesOfWindow = 10
  /// No step shrinks the limit by more than half of this.
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

  /// A call ended, while so many ran, itself included.
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
    // A limit that is not used tells nothing about what more would do.
    if gradient == 1, isUnused { return }
    let wanted = limit * gradient + limit.squareRoot()
    limit = min(max(limit + (wanted - limit) * Self.smoothing, minimum), maximum)
  }
}
