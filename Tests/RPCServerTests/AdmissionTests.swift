@testable import RPCServer
import Testing

/// Who may run. Pure.
@Suite struct AdmissionTests {
  private func admission(
    limit: Int = 100, loops: Int = 1, _ classes: CallClass..., adaptive: AdaptiveLimit? = nil
  ) -> Admission {
    var configuration = ServerConfiguration()
    configuration.maximumRunningCalls = limit
    configuration.adaptiveLimit = adaptive
    configuration.callClasses = classes
    return Admission(CallClasses(configuration), limit: limit, loops: loops)
  }

  @Test func theLimitIsExact() {
    var admission = admission(limit: 3)
    for _ in 0..<3 { #expect(admission.begin(0) == nil) }
    #expect(admission.begin(0) == .server)
    #expect(admission.running == 3)
    admission.end(0, startedAt: nil, now: 0)
    #expect(admission.begin(0) == nil)
    #expect(admission.begin(0) == .server)
  }

  @Test func aClassHasItsOwnLimitWithinThatOfTheServer() {
    var admission = admission(limit: 5, CallClass("reports", methods: ["a.B"], maximumRunning: 2))
    #expect(admission.begin(2) == nil)
    #expect(admission.begin(2) == nil)
    #expect(admission.begin(2) == .callClass("reports"))
    for _ in 0..<3 { #expect(admission.begin(0) == nil) }
    #expect(admission.begin(0) == .server)
    admission.end(2, startedAt: nil, now: 0)
    #expect(admission.begin(0) == nil)
    #expect(admission.begin(2) == .server)
  }

  /// Health is not counted among the others, nor they among it.
  @Test func essentialCallsAreApart() {
    var admission = admission(limit: 1)
    #expect(admission.begin(0) == nil)
    for _ in 0..<1024 { #expect(admission.begin(CallClasses.essential) == nil) }
    #expect(admission.begin(CallClasses.essential) == .callClass("essential"))
    #expect(admission.begin(0) == .server)
    admission.end(0, startedAt: nil, now: 0)
    #expect(admission.begin(0) == nil)
    for _ in 0..<1024 { admission.end(CallClasses.essential, startedAt: nil, now: 0) }
    #expect(admission.running == 1)
  }

  @Test(arguments: [
    (10, 1, 10), (10, 2, 5), (10, 3, 4), (1, 8, 1), (0, 4, 1), (-5, 2, 1), (7, 0, 7), (Int.max, 2, Int.max / 2 + 1),
  ])
  func loopsShareALimit(limit: Int, loops: Int, share: Int) {
    #expect(Admission.share(of: limit, loops: loops) == share)
  }

  @Test func methodsFindTheirClass() {
    var configuration = ServerConfiguration()
    configuration.callClasses = [
      CallClass("b", methods: ["a.B"], maximumRunning: 1), CallClass("list", methods: ["a.B/List"], maximumRunning: 1),
      CallClass("late", methods: ["a.B", "grpc.reflection.v1.ServerReflection"], maximumRunning: 1),
    ]
    let classes = CallClasses(configuration)
    #expect(classes.index(service: "a.B", method: "Get") == 2)
    #expect(classes.index(service: "a.B", method: "List") == 3)
    #expect(classes.index(service: "a.C", method: "List") == CallClasses.default)
    #expect(classes.index(service: "grpc.health.v1.Health", method: "Check") == CallClasses.essential)
    // Who configures it otherwise wants it otherwise.
    #expect(classes.index(service: "grpc.reflection.v1.ServerReflection", method: "ServerReflectionInfo") == 4)
  }

  @Test func anAdaptiveLimitIsALimit() {
    var settings = AdaptiveLimit()
    settings.initial = 2
    settings.minimum = 1
    var admission = admission(adaptive: settings)
    #expect(admission.begin(0) == nil)
    #expect(admission.begin(0) == nil)
    #expect(admission.begin(0) == .server)
    #expect(admission.begin(CallClasses.essential) == nil)
    admission.end(0, startedAt: 0, now: 1)
    #expect(admission.begin(0) == nil)
  }

  /// The clock costs something, and is asked only where a latency is used.
  @Test func theClockIsAskedOnlyWhereItIsUsed() {
    var asked = 0
    func now() -> UInt64 {
      asked += 1
      return 1
    }
    var plain = admission()
    _ = plain.begin(0)
    plain.end(0, startedAt: 0, now: now())
    var adaptive = admission(adaptive: AdaptiveLimit())
    _ = adaptive.begin(0)
    adaptive.end(0, startedAt: nil, now: now())
    #expect(asked == 0)
    _ = adaptive.begin(0)
    adaptive.end(0, startedAt: 0, now: now())
    #expect(asked == 1)
  }
}

/// A limit that is found by latency, against simulated servers.
@Suite struct GradientLimitTests {
  private var settings: AdaptiveLimit {
    var settings = AdaptiveLimit()
    settings.initial = 20
    settings.minimum = 5
    settings.maximum = 500
    return settings
  }

  /// A server with so many workers, each of which needs 10 ms a call: more calls than workers wait. Clients would have
  /// `demand` calls running if they might.
  private func simulate(_ limit: inout GradientLimit, workers: Int, demand: Int, windows: Int, from start: UInt64 = 0) {
    var now = start
    for _ in 0..<windows {
      let running = max(1, min(demand, Int(limit.limit)))
      let latency = 10_000_000 * UInt64(max(running, workers)) / UInt64(workers)
      for _ in 0..<20 {
        now += 6_000_000
        limit.ended(after: latency, running: running, now: now)
      }
    }
  }

  @Test func itGrowsWhileNothingWaits() {
    var limit = GradientLimit(settings)
    simulate(&limit, workers: 10_000, demand: 10_000, windows: 400)
    #expect(limit.limit == 500)
  }

  /// Twice the base latency is tolerated: about two calls a worker, and the margin that looks for more. However long it
  /// lasts: the waiting does not become the normal.
  @Test(arguments: [20, 50, 100]) func itSettlesWhereCallsBeginToWait(workers: Int) {
    var limit = GradientLimit(settings)
    simulate(&limit, workers: workers, demand: 10_000, windows: 10_000)
    #expect(limit.limit > Double(workers))
    #expect(limit.limit < Double(workers) * 3.5)
  }

  @Test func itShrinksWhenTheServerBecomesSlow() {
    var limit = GradientLimit(settings)
    simulate(&limit, workers: 100, demand: 10_000, windows: 200)
    let before = limit.limit
    simulate(&limit, workers: 10, demand: 10_000, windows: 50, from: 1 << 40)
    #expect(limit.limit < before / 3)
    #expect(limit.limit >= 5)
    simulate(&limit, workers: 100, demand: 10_000, windows: 200, from: 1 << 41)
    #expect(limit.limit > before / 2)
  }

  @Test func whatIsNotUsedDoesNotGrow() {
    var limit = GradientLimit(settings)
    simulate(&limit, workers: 100, demand: 3, windows: 500)
    #expect(limit.limit == 20)
  }

  @Test func itStaysWithinItsBounds() {
    var limit = GradientLimit(settings)
    simulate(&limit, workers: 1, demand: 10_000, windows: 1000)
    #expect(limit.limit >= 5)
    for latency in [0, 1, .max, .max / 2] as [UInt64] {
      for now in [0, 1 << 62, 5, .max] as [UInt64] {
        for _ in 0..<20 { limit.ended(after: latency, running: .max, now: now) }
        #expect((5...500).contains(limit.limit))
      }
    }
  }

  /// Under load a higher latency is taken for waiting; in an hour of little to do it is found to be the server's own.
  @Test func aServerThatBecameSlowerForGoodFindsItsBase() {
    var limit = GradientLimit(settings)
    var now: UInt64 = 0
    func run(latency: UInt64, windows: Int, running: Int) {
      for _ in 0..<(windows * 20) {
        now += 6_000_000
        limit.ended(after: latency, running: min(running, Int(limit.limit)), now: now)
      }
    }
    run(latency: 1_000_000, windows: 100, running: .max)
    run(latency: 10_000_000, windows: 50, running: .max)
    #expect(limit.limit < 20)
    run(latency: 10_000_000, windows: 500, running: 1)
    #expect(limit.base > 9_000_000)
    run(latency: 10_000_000, windows: 500, running: .max)
    #expect(limit.limit == 500)
  }

  @Test func loopsShareItsNumbers() {
    var settings = AdaptiveLimit()
    settings.initial = 40
    #expect(GradientLimit(settings, loops: 4).limit == 10)
    settings.initial = 1
    #expect(GradientLimit(settings, loops: 4).limit == 4)
  }
}
