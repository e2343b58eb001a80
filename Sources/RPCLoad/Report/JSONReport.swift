internal import RPCCore
internal import RPCDynamic

/// The report for programs: the members of ghz's JSON, with times in nanoseconds, and further ones.
package enum JSONReport {
  /// - Parameter date: when the load began, as RFC 3339.
  package static func text(_ result: LoadResult, name: String?, date: String, broken: [String] = []) -> String {
    let recorder = result.recorder
    let latencies = recorder.latencies
    var members: [(name: String, value: JSONText.Value)] = []
    if let name { members.append(("name", .text(name))) }
    members += [
      ("date", .text(date)),
      ("endReason", .text(recorder.cutOff > 0 ? "cut off" : "normal")),
      ("options", options(result.plan)),
      ("count", .integer(recorder.count)),
      ("total", .integer(Int(result.elapsed))),
      ("average", .integer(Int(latencies.mean))),
      ("fastest", .integer(Int(latencies.minimum))),
      ("slowest", .integer(Int(latencies.maximum))),
      ("rps", .number(result.rate)),
      ("errorDistribution", .object(result.errors.map { ($0.text, .integer($0.count)) })),
      ("statusCodeDistribution", .object(result.statuses.map { ("\($0.status)", .integer($0.count)) })),
      ("latencyDistribution", distribution(latencies)),
      ("histogram", histogram(latencies)),
    ]
    if let times = recorder.serviceTimes {
      members.append(("serviceTimeDistribution", distribution(times)))
      members.append(("latestStart", .integer(Int(recorder.latest))))
    }
    members += [
      ("messagesSent", .integer(recorder.messages.sent)),
      ("messagesReceived", .integer(recorder.messages.received)),
      ("cutOff", .integer(recorder.cutOff)),
      ("timeline", timeline(recorder.timeline)),
      ("failedThresholds", .list(broken.map { .text($0) })),
    ]
    return JSONText.text(.object(members)) + "\n"
  }

  private static func options(_ plan: LoadPlan) -> JSONText.Value {
    var members: [(name: String, value: JSONText.Value)] = [
      ("call", .text(plan.method.descriptor.description)),
      ("connections", .integer(plan.connections)),
      ("concurrency", .integer(plan.concurrency)),
      ("timeout", .integer(Int(plan.timeout))),
      ("openLoop", .bool(plan.schedule != nil)),
    ]
    if let total = plan.total { members.append(("total", .integer(total))) }
    if let duration = plan.duration { members.append(("duration", .integer(Int(duration)))) }
    return .object(members)
  }

  private static func distribution(_ latencies: LatencyHistogram) -> JSONText.Value {
    guard latencies.count > 0 else { return .list([]) }
    return .list(
      LoadResult.percents.map { percent in
        .object([("percentage", .number(percent)), ("latency", .integer(Int(latencies.percentile(percent))))])
      })
  }

  private static func histogram(_ latencies: LatencyHistogram) -> JSONText.Value {
    .list(
      latencies.bars(11).map { bar in
        .object([
          ("mark", .number(Double(bar.upTo) / 1e9)), ("count", .integer(bar.count)),
          ("frequency", .number(Double(bar.count) / Double(latencies.count))),
        ])
      })
  }

  private static func timeline(_ timeline: Timeline) -> JSONText.Value {
    .list(
      timeline.intervals.enumerated().map { index, interval in
        .object([
          ("start", .integer(index * Int(timeline.width))), ("count", .integer(interval.count)),
          ("errors", .integer(interval.errors)), ("p50", .integer(Int(interval.percentile(50)))),
          ("p99", .integer(Int(interval.percentile(99)))), ("max", .integer(Int(interval.percentile(100)))),
        ])
      })
  }
}
