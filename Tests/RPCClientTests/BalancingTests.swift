import EventLoop
import TestSupport
import Testing

@testable import RPCClient

/// How policies choose among the addresses that have connections.
@Suite struct BalancingTests {
  private static let second: UInt64 = 1_000_000_000

  private func machine(_ balancing: LoadBalancing, _ count: Int) -> ChannelMachine {
    var machine = ChannelMachine(.init(balancing: balancing, isStatic: true), seed: 7)
    _ = machine.callIsWaiting(now: 0)
    _ = machine.resolved((1...count).map { .tcp(host: "10.0.0.\($0)", port: 1) }, now: 0)
    for id in 0..<count { _ = machine.connected(id, now: 0) }
    return machine
  }

  /// How often each of `count` addresses is picked.
  private func picks(_ machine: inout ChannelMachine, _ count: Int, of total: Int, now: UInt64 = 0) -> [Int] {
    var counts = Array(repeating: 0, count: count)
    for _ in 0..<total {
      guard case .use(let id) = machine.pick(now: now) else { continue }
      counts[id] += 1
    }
    return counts
  }

  // MARK: least_request, gRFC A48

  @Test func leastRequestPrefersTheLessBusy() {
    var machine = machine(.leastRequest, 4)
    for _ in 0..<10 { machine.callBegan(3) }
    let counts = picks(&machine, 4, of: 4000)
    // The busy one is taken only if both choices fall on it: once in 16.
    #expect((150...350).contains(counts[3]) && counts.prefix(3).allSatisfy { $0 > 1000 })
    for _ in 0..<10 { machine.callEnded(3, nil) }
    #expect(picks(&machine, 4, of: 4000).allSatisfy { $0 > 800 })
  }

  /// Calls that are not ended spread evenly, whichever addresses are drawn.
  @Test func leastRequestLevels() {
    var machine = machine(.leastRequest(choices: 10), 5)
    for _ in 0..<1000 {
      guard case .use(let id) = machine.pick(now: 0) else { continue }
      machine.callBegan(id)
    }
    #expect(machine.subchannels.allSatisfy { (190...210).contains($0.runningCalls) })
  }

  @Test func choicesHaveLimits() {
    #expect(
      LoadBalancing.leastRequest(choices: 0) == .leastRequest && LoadBalancing.leastRequest(choices: 2) == .leastRequest
    )
    #expect(LoadBalancing.leastRequest(choices: 11) == .leastRequest(choices: 10))
    #expect(LoadBalancing.leastRequest(choices: .max) == .leastRequest(choices: 10))
  }

  // MARK: weighted_round_robin, gRFC A58

  private func report(_ utilization: Double, _ calls: Double, errors: Double = 0) -> LoadReport {
    LoadReport(utilization: utilization, calls: calls, errors: errors)
  }

  @Test func weights() {
    let settings = WeightedRoundRobin()
    var weight = ReportedWeight()
    #expect(weight.current(settings, now: 0) == 0)
    weight.reported(report(0.5, 100), penalty: 1, now: Self.second)
    // A server that has just started is not judged yet.
    #expect(weight.current(settings, now: 11 * Self.second - 1) == 0)
    #expect(weight.current(settings, now: 11 * Self.second) == 200)
    weight.reported(report(0.5, 100, errors: 50), penalty: 1, now: 12 * Self.second)
    #expect(weight.current(settings, now: 12 * Self.second) == 100)
    weight.reported(report(0.5, 100, errors: 50), penalty: 0, now: 12 * Self.second)
    #expect(weight.current(settings, now: 12 * Self.second) == 200)
    // What says nothing changes nothing.
    for nonsense in [
      report(0, 100), report(0.5, 0), report(-1, 5), report(.nan, 5), report(1e-320, 1e300), report(1, .infinity),
    ] {
      weight.reported(nonsense, penalty: 1, now: 13 * Self.second)
    }
    #expect(weight.current(settings, now: 12 * Self.second) == 200)
    // It expires, and begins with a blackout again.
    #expect(weight.current(settings, now: 192 * Self.second) == 0)
    weight.reported(report(1, 10), penalty: 1, now: 200 * Self.second)
    #expect(weight.current(settings, now: 209 * Self.second) == 0)
    #expect(weight.current(settings, now: 210 * Self.second) == 10)
    weight.restart()
    #expect(weight.current(settings, now: 210 * Self.second) == 0)
  }

  @Test func strides() throws {
    var schedule = try #require(StrideSchedule([1, 3, 0, 2], start: 12_345))
    var counts = [0, 0, 0, 0]
    for _ in 0..<80_000 { counts[schedule.next()] += 1 }
    // The one without a weight gets the mean, 2.
    for (count, expected) in zip(counts, [10_000, 30_000, 20_000, 20_000]) { #expect(abs(count - expected) < 100) }
    // Ten times and a tenth of the mean are the limits.
    var limited = try #require(StrideSchedule([1e-9, 1, 1, 1], start: 0))
    counts = [0, 0, 0, 0]
    for _ in 0..<31_000 { counts[limited.next()] += 1 }
    #expect((500...1500).contains(counts[0]))
    #expect(StrideSchedule([], start: 0) == nil && StrideSchedule([0, 0], start: 0) == nil)
    #expect(StrideSchedule([5, 0, 0], start: 0) == nil)
  }

  /// Whatever the weights are, picking ends, and reaches all.
  @Test(arguments: 1...30) func anyWeights(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let weights = (0..<Int.random(in: 2...40, using: &random)).map { _ in
      [0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1, Double.random(in: 0...1e6, using: &random)]
        .randomElement(using: &random) ?? 0
    }
    guard var schedule = StrideSchedule(weights, start: .random(in: 0 ... .max, using: &random)) else { return }
    var seen: Set<Int> = []
    for _ in 0..<weights.count * 400 { seen.insert(schedule.next()) }
    #expect(seen == Set(weights.indices))
  }

  @Test func weightedRoundRobinFollowsTheReports() {
    var machine = machine(.weightedRoundRobin, 3)
    // Without reports all get the same.
    #expect(picks(&machine, 3, of: 300) == [100, 100, 100])
    for (id, utilization) in [(0, 0.25), (1, 0.5), (2, 1.0)] {
      machine.loadReported(id, report(utilization, 100), now: 0)
    }
    #expect(picks(&machine, 3, of: 300, now: 9 * Self.second) == [100, 100, 100])
    let counts = picks(&machine, 3, of: 7000, now: 20 * Self.second)
    for (count, expected) in zip(counts, [4000, 2000, 1000]) { #expect(abs(count - expected) < 50) }
    // A server that comes back has no weight yet: it gets the mean of the others.
    _ = machine.disconnected(2, hasCalls: false, now: 21 * Self.second)
    _ = machine.connected(2, now: 21 * Self.second)
    let again = picks(&machine, 3, of: 9000, now: 21 * Self.second)
    for (count, expected) in zip(again, [4000, 2000, 3000]) { #expect(abs(count - expected) < 50) }
    // After three minutes without a report nobody has a weight.
    #expect(picks(&machine, 3, of: 300, now: 300 * Self.second) == [100, 100, 100])
  }

  // MARK: Health, gRFC A17

  private func watched() -> ChannelMachine {
    var backoff = ConnectionBackoff()
    backoff.jitter = 0
    var machine = ChannelMachine(
      .init(balancing: .roundRobin, backoff: backoff, isStatic: true, checksHealth: true), seed: 1)
    _ = machine.callIsWaiting(now: 0)
    _ = machine.resolved([.tcp(host: "10.0.0.1", port: 1), .tcp(host: "10.0.0.2", port: 1)], now: 0)
    return machine
  }

  @Test func onlyServersThatServeGetCalls() {
    var machine = watched()
    #expect(machine.connected(0, now: 0) == [.watchHealth(0), .dispatch])
    #expect(machine.pick(now: 0) == .wait && machine.state == .connecting)
    #expect(machine.healthChanged(0, isServing: true) == [.dispatch])
    #expect(machine.pick(now: 0) == .use(0))
    _ = machine.connected(1, now: 0)
    _ = machine.healthChanged(1, isServing: true)
    _ = machine.healthChanged(0, isServing: false)
    for _ in 0..<4 { #expect(machine.pick(now: 0) == .use(1)) }
    #expect(machine.snapshot.subchannels.map(\.isServing) == [false, true])
    #expect(machine.snapshot.subchannels.map(\.state) == [.transientFailure, .ready])
    _ = machine.healthChanged(1, isServing: false)
    #expect(machine.pick(now: 0) == .fail("10.0.0.2:1 does not serve, it says"))
    // What was lost and comes back, is asked anew.
    _ = machine.disconnected(1, hasCalls: true, now: 1)
    #expect(machine.connected(1, now: 2) == [.watchHealth(1), .dispatch])
    #expect(machine.state == .connecting)
  }

  @Test func aWatchThatFailsBeginsAgain() {
    var machine = watched()
    _ = machine.connected(0, now: 0)
    _ = machine.connectFailed(1, "refused", now: 0)
    for (failures, expected) in [1.0, 1.6, 2.56].enumerated() {
      let now = machine.subchannels[0].watchedAt
      _ = machine.healthWatchEnded(0, "broken", isUnimplemented: false, hadAnswer: false, now: now)
      #expect(machine.pick(now: now) == .fail("broken"))
      let due = now + UInt64(expected * Double(Self.second))
      #expect(machine.subchannels[0].watchAt == due && machine.subchannels[0].healthFailures == failures + 1)
      #expect(machine.tick(now: due).contains(.watchHealth(0)))
    }
    // A watch that has worked for long begins again at once; one that ends as soon as it began does not.
    let began = machine.subchannels[0].watchedAt
    _ = machine.healthChanged(0, isServing: true)
    _ = machine.healthWatchEnded(0, "idle", isUnimplemented: false, hadAnswer: true, now: began + 60 * Self.second)
    #expect(machine.tick(now: began + 60 * Self.second).contains(.watchHealth(0)))
    _ = machine.healthChanged(0, isServing: true)
    _ = machine.healthWatchEnded(0, "idle", isUnimplemented: false, hadAnswer: true, now: began + 60 * Self.second)
    #expect(!machine.tick(now: began + 60 * Self.second).contains(.watchHealth(0)))
    #expect(machine.subchannels[0].watchAt == began + 61 * Self.second)
  }

  @Test func aServerWithoutHealthServes() {
    var machine = watched()
    _ = machine.connected(0, now: 0)
    _ = machine.healthWatchEnded(0, "unimplemented", isUnimplemented: true, hadAnswer: false, now: 0)
    #expect(machine.pick(now: 0) == .use(0) && machine.subchannels[0].watchAt == nil)
  }

  @Test func pickFirstAsksNobody() {
    var machine = ChannelMachine(.init(checksHealth: true), seed: 1)
    _ = machine.callIsWaiting(now: 0)
    _ = machine.resolved([.tcp(host: "10.0.0.1", port: 1)], now: 0)
    #expect(machine.connected(0, now: 0) == [.dispatch] && machine.pick(now: 0) == .use(0))
  }
}
