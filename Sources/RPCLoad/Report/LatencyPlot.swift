/// Latency over time, and calls a second below it, as SVG.
struct LatencyPlot {
  private static let width = 900.0
  private static let left = 70.0
  private static let right = 20.0
  /// Of the latencies, and of the rates.
  private static let panels: (latency: ClosedRange<Double>, rate: ClosedRange<Double>) = (30...330, 380...480)
  private static let height = 520.0

  private let timeline: Timeline
  private let seconds: Double
  private let top: Double
  private let topRate: Double

  /// - Parameter elapsed: nanoseconds; the right end.
  init(_ timeline: Timeline, elapsed: UInt64) {
    self.timeline = timeline
    let width = Double(timeline.width) / 1e9
    seconds = max(Double(elapsed) / 1e9, width * Double(max(timeline.intervals.count, 1)), 1e-3)
    top = Self.round(up: max(Double(timeline.intervals.map { $0.percentile(99) }.max() ?? 0), 1000))
    topRate = Self.round(up: max(timeline.intervals.map { Double($0.count) / width }.max() ?? 0, 1))
  }

  var svg: String {
    var parts = [
      "<svg viewBox=\"0 0 \(Int(Self.width)) \(Int(Self.height))\" role=\"img\" "
        + "aria-label=\"Latency and calls a second over time\">"
    ]
    parts += grid(Self.panels.latency, top) { DurationText.short($0) }
    parts += grid(Self.panels.rate, topRate) { Decimal.text($0, $0 < 10 ? 1 : 0) + "/s" }
    parts += timeAxis()
    parts.append(line("p99", Self.panels.latency) { timeline.intervals[$0].percentile(99) })
    parts.append(line("p90", Self.panels.latency) { timeline.intervals[$0].percentile(90) })
    parts.append(line("p50", Self.panels.latency) { timeline.intervals[$0].percentile(50) })
    parts += rates()
    parts += legend()
    parts.append("</svg>")
    return parts.joined(separator: "\n")
  }

  // MARK: Parts

  private func grid(_ panel: ClosedRange<Double>, _ top: Double, _ label: (Double) -> String) -> [String] {
    (0...4).flatMap { step -> [String] in
      let y = panel.upperBound - Double(step) / 4 * (panel.upperBound - panel.lowerBound)
      return [
        "<line class=\"grid\" x1=\"\(Self.left)\" x2=\"\(Self.width - Self.right)\" y1=\"\(y)\" y2=\"\(y)\"/>",
        "<text class=\"y\" x=\"\(Self.left - 6)\" y=\"\(y + 4)\">\(label(top * Double(step) / 4))</text>",
      ]
    }
  }

  private func timeAxis() -> [String] {
    (0...5).map { step in
      let time = seconds * Double(step) / 5
      let y = Self.panels.rate.upperBound + 18
      return
        "<text class=\"x\" x=\"\(number(x(time)))\" y=\"\(y)\">\(Decimal.text(time, seconds < 10 ? 1 : 0)) s</text>"
    }
  }

  /// Intervals without a latency interrupt the line.
  private func line(_ name: String, _ panel: ClosedRange<Double>, _ value: (Int) -> UInt64) -> String {
    var path = ""
    var isDown = false
    for index in timeline.intervals.indices {
      guard timeline.intervals[index].latencies != nil else {
        isDown = false
        continue
      }
      let share = min(Double(value(index)) / top, 1)
      let y = panel.upperBound - share * (panel.upperBound - panel.lowerBound)
      path += "\(isDown ? "L" : "M")\(number(x(middle(index)))) \(number(y))"
      // A point alone is a short line.
      if !isDown { path += "h0.1" }
      isDown = true
    }
    return "<path class=\"line \(name)\" d=\"\(path)\"/>"
  }

  private func rates() -> [String] {
    let panel = Self.panels.rate
    let width = Double(timeline.width) / 1e9
    let scale = (panel.upperBound - panel.lowerBound) / topRate
    return timeline.intervals.enumerated().flatMap { index, interval -> [String] in
      let left = x(Double(index) * width)
      let barWidth = max(x(Double(index + 1) * width) - left - 0.5, 0.5)
      func bar(_ count: Int, _ name: String) -> String {
        let height = Double(count) / width * scale
        return "<rect class=\"\(name)\" x=\"\(number(left))\" y=\"\(number(panel.upperBound - height))\" "
          + "width=\"\(number(barWidth))\" height=\"\(number(height))\"/>"
      }
      return [bar(interval.count, "rate")] + (interval.errors > 0 ? [bar(interval.errors, "errors")] : [])
    }
  }

  private func legend() -> [String] {
    var x = Self.left
    let names = [
      ("p99", "p99"), ("p90", "p90"), ("p50", "p50"), ("rate", "calls a second"), ("errors", "errors a second"),
    ]
    return names.map { name, text in
      defer { x += 40 + Double(text.count) * 7 }
      return "<rect class=\"\(name) key\" x=\"\(x)\" y=\"8\" width=\"12\" height=\"12\"/>"
        + "<text x=\"\(x + 17)\" y=\"18\">\(text)</text>"
    }
  }

  // MARK: Places

  private func middle(_ index: Int) -> Double { (Double(index) + 0.5) * Double(timeline.width) / 1e9 }

  private func x(_ time: Double) -> Double { Self.left + time / seconds * (Self.width - Self.left - Self.right) }

  private func number(_ value: Double) -> String { Decimal.text(value, 1) }

  /// The next of 1, 2, 4, 8, 10 times a power of ten: quarters of it are short numbers.
  private static func round(up value: Double) -> Double {
    var power = 1.0
    while power * 10 <= value { power *= 10 }
    return ([1, 2, 4, 8, 10].first { $0 * power >= value } ?? 10) * power
  }
}
