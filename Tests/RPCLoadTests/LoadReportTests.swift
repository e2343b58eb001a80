import InteropAPI
import ProtoWire
import RPCClient
import RPCCore
import RPCDynamic
import RPCLoad
import Testing

/// What is counted, and what reports make of it.
@Suite struct LoadReportTests {
  private func result(isOpenLoop: Bool = false, _ calls: [LoadRecorder.Call]) throws -> LoadResult {
    let file = TestServiceMethods.service.file
    let described = try ([file] + file.dependencies).map {
      try Google_Protobuf_FileDescriptorProto(wireBytes: $0.serialized)
    }
    let method = try MethodCatalog(described).method("grpc.testing.TestService.UnaryCall")
    let plan = LoadPlan(
      requests: try LoadRequests(method, data: "{}", metadata: []), target: "127.0.0.1:1",
      configuration: ChannelConfiguration())
    var recorder = LoadRecorder(isOpenLoop: isOpenLoop)
    for call in calls { recorder.record(call, countsErrors: false) }
    return LoadResult(plan: plan, recorder: recorder, elapsed: 2_000_000_000)
  }

  /// 1 ms, 2 ms … 100 ms, begun one millisecond after they were due; every tenth fails.
  private var calls: [LoadRecorder.Call] {
    (1...100).map { number in
      let began = UInt64(number) * 15_000_000
      return .init(
        due: began - 1_000_000, began: began, ended: began + UInt64(number) * 1_000_000,
        error: number % 10 == 0 ? RPCError(.unavailable, "gone <\(number % 20)>") : nil)
    }
  }

  @Test func latenciesCountFromWhenACallWasDue() throws {
    let recorder = try result(isOpenLoop: true, calls).recorder
    #expect(recorder.count == 100 && recorder.failed == 10 && recorder.latencies.count == 90)
    func isNear(_ one: UInt64, _ other: UInt64) -> Bool { one >= other && one < other + other / 500 }
    #expect(isNear(recorder.latencies.maximum, 100_000_000) && isNear(recorder.serviceTimes?.maximum ?? 0, 99_000_000))
    #expect(isNear(recorder.latencies.minimum + 64, 2_000_000) && recorder.latest == 1_000_000)
    // The calls of 1 to 50 ms, of which 45 were good: half of 90.
    #expect(isNear(recorder.latencies.percentile(50), 50_000_000))
    #expect(recorder.errors == ["UNAVAILABLE: gone <10>": 5, "UNAVAILABLE: gone <0>": 5])
  }

  @Test func aSlowCallStandsForThoseThatItDelayed() {
    var histogram = LatencyHistogram()
    for _ in 0..<99 { histogram.record(1_000_000, expectedInterval: 10_000_000) }
    // One second: 99 calls that were never made would have taken 990, 980 … 10 ms.
    histogram.record(1_000_000_000, expectedInterval: 10_000_000)
    #expect(histogram.count == 199)
    #expect(histogram.percentile(75) > 450_000_000)
    // 99 of a millisecond, and 10 to 1000 in tens.
    let sum: Double = 99 + 50_500
    #expect(abs(histogram.mean - sum * 1e6 / 199) < 1)
  }

  @Test func differentErrorsAreBounded() throws {
    let calls = (0..<1000).map { LoadRecorder.Call(due: 0, began: 0, ended: 1, error: RPCError(.internal, "\($0)")) }
    let errors = try result(calls).recorder.errors
    #expect(errors.count == LoadRecorder.errorLimit + 1)
    #expect(errors[LoadRecorder.otherErrors] == 1000 - LoadRecorder.errorLimit)
  }

  @Test func aLongLoadHasLongerIntervals() {
    var one = Timeline(width: 1000)
    var other = Timeline(width: 1000)
    var counts: [Int] = []
    for number in 0..<10_000 {
      one.record(at: UInt64(number) * 777, latency: 5000, isError: number % 4 == 0)
      other.record(at: UInt64(number % 100), latency: nil, isError: false)
    }
    counts.append(one.intervals.map(\.count).reduce(0, +))
    #expect(one.intervals.count <= Timeline.limit && one.width == 32_000)
    one.add(other)
    counts.append(one.intervals.map(\.count).reduce(0, +))
    #expect(counts == [10_000, 20_000] && one.intervals.map(\.errors).reduce(0, +) == 2500)
    #expect(one.intervals[0].count > 10_000)
    other.add(one)
    #expect(other.width == one.width && other.intervals.map(\.count).reduce(0, +) == 30_000)
  }

  @Test func thresholds() throws {
    let result = try result(calls)
    func broken(_ text: String) throws -> Bool { try LoadThreshold(text).broken(by: result) != nil }
    for text in [
      "p99>20ms", "p50>=49ms", "max>98ms", "min<3ms", "errors>9", "errors>9.9%", "rps<51", "avg > 40ms", "count<=100",
    ] {
      #expect(try broken(text), "\(text)")
    }
    for text in ["p99>100ms", "errors>10", "errors>10%", "rps<50", "p99.9<1ms", "count<100", "avg>60ms"] {
      #expect(try !broken(text), "\(text)")
    }
    for text in ["", "p99", "p99>", "p99>x", "p0>1ms", "p101>1ms", "errors>-1", "speed>1", ">1ms", "p99=1ms"] {
      #expect(throws: LoadError.self, "\(text)") { try LoadThreshold(text) }
    }
  }

  @Test func aLoadWithoutAnyCallHasReportsToo() throws {
    let empty = try result([])
    #expect(TextReport.text(empty, name: nil).contains("Count:"))
    #expect(HTMLReport.text(empty, name: nil, date: "").contains("<svg"))
    #expect(JSONReport.text(empty, name: nil, date: "").contains("\"count\": 0"))
    #expect(try LoadThreshold("p99>1ms").broken(by: empty) == nil)
    #expect(try LoadThreshold("count<1").broken(by: empty) != nil)
  }

  @Test func reportsSayWhatHappened() throws {
    let result = try result(isOpenLoop: true, calls)
    let text = TextReport.text(result, name: "try")
    for part in [
      "Count:        100", "[OK]", "90 responses", "[UNAVAILABLE]", "gone <10>", "99.9 %", "Requests/sec: 50.00",
      "after it was due",
    ] {
      #expect(text.contains(part), "\(part)")
    }
    let page = HTMLReport.text(result, name: "<try>", date: "now", broken: ["p99>1ms"])
    #expect(page.contains("&lt;try&gt;") && page.contains("gone &lt;10&gt;") && !page.contains("<try>"))
    #expect(page.contains("p99&gt;1ms") && page.contains("class=\"line p99\""))
  }
}
