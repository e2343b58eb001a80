package import RPCCore

/// What a load came to.
package struct LoadResult: Sendable {
  package let plan: LoadPlan
  package let recorder: LoadRecorder
  /// Nanoseconds from the first call to the end of the last.
  package let elapsed: UInt64

  package init(plan: LoadPlan, recorder: LoadRecorder, elapsed: UInt64) {
    self.plan = plan
    self.recorder = recorder
    self.elapsed = elapsed
  }

  package var seconds: Double { Double(elapsed) / 1e9 }
  /// Calls that ended, a second.
  package var rate: Double { elapsed > 0 ? Double(recorder.count) / seconds : 0 }
  /// The share of calls that failed, 0 to 1.
  package var errorShare: Double {
    recorder.count > 0 ? Double(recorder.failed) / Double(recorder.count) : 0
  }

  /// The statuses that occurred, by their numbers.
  package var statuses: [(status: StatusCode, count: Int)] {
    recorder.statuses.enumerated().compactMap { number, count in
      guard count > 0, let status = StatusCode(rawValue: number) else { return nil }
      return (status, count)
    }
  }

  /// The errors that occurred, the most frequent one first.
  package var errors: [(text: String, count: Int)] {
    recorder.errors.map { ($0.key, $0.value) }.sorted { ($1.count, $0.text) < ($0.count, $1.text) }
  }

  /// The percentiles that reports show.
  package static let percents: [Double] = [10, 25, 50, 75, 90, 95, 99, 99.9, 99.99]
}
