internal import RPCCore
internal import RPCDynamic

/// The report as a page: one file that needs no other.
package enum HTMLReport {
  package static func text(_ result: LoadResult, name: String?, date: String, broken: [String] = []) -> String {
    let recorder = result.recorder
    let title = escaped(name ?? result.plan.method.descriptor.description)
    let latencies = recorder.latencies
    var summary: [(String, String)] = [
      ("Method", result.plan.method.descriptor.description), ("Date", date), ("Calls", "\(recorder.count)"),
      ("Failed", "\(recorder.failed) (\(Decimal.text(result.errorShare * 100, 2)) %)"),
      ("Time", DurationText.short(Double(result.elapsed))), ("Calls a second", Decimal.text(result.rate, 1)),
      ("Connections, concurrency", "\(result.plan.connections), \(result.plan.concurrency)"),
      ("Fastest, mean, slowest", times(latencies)),
    ]
    if recorder.cutOff > 0 { summary.append(("Cut off at the end", "\(recorder.cutOff)")) }
    var body = "<h1>\(title)</h1>\n"
    for text in broken { body += "<p class=\"broken\">Threshold met: \(escaped(text))</p>\n" }
    body += table(summary)
    body += "<h2>Over time</h2>\n\(LatencyPlot(recorder.timeline, elapsed: result.elapsed).svg)\n"
    body += "<h2>Latencies\(recorder.serviceTimes == nil ? "" : ", from when a call was due")</h2>\n"
    body += table(distribution(latencies))
    if let times = recorder.serviceTimes {
      body += "<h2>Service times, from when a call was made</h2>\n" + table(distribution(times))
    }
    body += "<h2>Statuses</h2>\n" + table(result.statuses.map { ("\($0.status)", "\($0.count)") })
    if !result.errors.isEmpty {
      body += "<h2>Errors</h2>\n" + table(result.errors.map { ($0.text, "\($0.count)") })
    }
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width">
      <title>\(title)</title>
      <style>
      \(style)
      </style>
      </head>
      <body>
      \(body)</body>
      </html>

      """
  }

  private static func times(_ latencies: LatencyHistogram) -> String {
    [Double(latencies.minimum), latencies.mean, Double(latencies.maximum)].map(DurationText.short)
      .joined(separator: ", ")
  }

  private static func distribution(_ latencies: LatencyHistogram) -> [(String, String)] {
    guard latencies.count > 0 else { return [] }
    return LoadResult.percents.map { ("\($0) %", DurationText.short(Double(latencies.percentile($0)))) }
  }

  private static func table(_ rows: [(String, String)]) -> String {
    "<table>\n" + rows.map { "<tr><th>\(escaped($0.0))</th><td>\(escaped($0.1))</td></tr>\n" }.joined() + "</table>\n"
  }

  private static func escaped(_ text: String) -> String {
    var escaped = ""
    for character in text {
      switch character {
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "&": escaped += "&amp;"
      case "\"": escaped += "&quot;"
      default: escaped.append(character)
      }
    }
    return escaped
  }

  private static let style = """
    :root { color-scheme: light dark; --text: #1a1a1a; --back: #fff; --faint: #ccc; --p99: #d1495b; --p90: #edae49;
      --p50: #00798c; --rate: #8fb8de; }
    @media (prefers-color-scheme: dark) { :root { --text: #e6e6e6; --back: #181818; --faint: #444; } }
    body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); max-width: 60rem;
      margin: 2rem auto; padding: 0 1rem; }
    h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
    table { border-collapse: collapse; } th { text-align: left; font-weight: normal; padding-right: 2rem; }
    td { font-variant-numeric: tabular-nums; } th, td { border-bottom: 1px solid var(--faint); padding: .2rem 2rem .2rem 0; }
    svg { width: 100%; height: auto; font-size: 12px; } svg text { fill: var(--text); }
    .y { text-anchor: end; } .x { text-anchor: middle; } .grid { stroke: var(--faint); stroke-width: .5; }
    .line { fill: none; stroke-width: 1.5; stroke-linejoin: round; stroke-linecap: round; }
    path.p99 { stroke: var(--p99); } path.p90 { stroke: var(--p90); } path.p50 { stroke: var(--p50); }
    rect.p99, rect.errors { fill: var(--p99); } rect.p90 { fill: var(--p90); } rect.p50 { fill: var(--p50); }
    rect.rate { fill: var(--rate); } .broken { color: var(--p99); font-weight: bold; }
    """
}
