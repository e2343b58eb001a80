internal import RPCCore
internal import RPCDynamic

/// The report for people, in the form of ghz.
package enum TextReport {
  private static let barWidth = 40

  package static func text(_ result: LoadResult, name: String?) -> String {
    let recorder = result.recorder
    let latencies = recorder.latencies
    var lines = ["", "Summary:"]
    func row(_ title: String, _ value: String) { lines.append("  \(padded(title + ":", 14))\(value)") }
    if let name { row("Name", name) }
    row("Method", result.plan.method.descriptor.description)
    row("Count", "\(recorder.count)")
    row("Total", DurationText.short(Double(result.elapsed)))
    row("Slowest", DurationText.short(Double(latencies.maximum)))
    row("Fastest", DurationText.short(Double(latencies.minimum)))
    row("Average", DurationText.short(latencies.mean))
    row("Requests/sec", Decimal.text(result.rate, 2))
    if recorder.messages.sent > 0 { row("Sent", "\(recorder.messages.sent) messages") }
    if recorder.messages.received > 0 { row("Received", "\(recorder.messages.received) messages") }
    if recorder.cutOff > 0 { row("Cut off", "\(recorder.cutOff) calls that ran at the end; they do not count") }

    if latencies.count > 0 {
      lines += ["", "Response time histogram:"]
      let bars = latencies.bars(11)
      let most = bars.map(\.count).max() ?? 0
      for bar in bars {
        let length = most > 0 ? bar.count * barWidth / most : 0
        lines.append(
          "  \(padded(DurationText.short(Double(bar.upTo)), 11)) \(padded("[\(bar.count)]", 11))|"
            + String(repeating: "∎", count: length))
      }
      lines += ["", "Latency distribution\(recorder.serviceTimes == nil ? "" : ", from when a call was due"):"]
      lines += distribution(latencies)
    }
    if let times = recorder.serviceTimes, times.count > 0 {
      lines += ["", "Service times, from when a call was made:"]
      lines += distribution(times)
      lines.append("  The latest call began \(DurationText.short(Double(recorder.latest))) after it was due.")
    }
    lines += ["", "Status code distribution:"]
    for (status, count) in result.statuses { lines.append("  \(padded("[\(status)]", 22))\(count) responses") }
    if !result.errors.isEmpty {
      lines += ["", "Error distribution:"]
      for (text, count) in result.errors { lines.append("  \(padded("[\(count)]", 10))\(text)") }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func distribution(_ latencies: LatencyHistogram) -> [String] {
    LoadResult.percents.map { percent in
      let name = percent == percent.rounded() ? Decimal.text(percent, 0) : "\(percent)"
      return "  \(padded("\(name) %", 8))in \(DurationText.short(Double(latencies.percentile(percent))))"
    }
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(width - text.count, 1))
  }
}
