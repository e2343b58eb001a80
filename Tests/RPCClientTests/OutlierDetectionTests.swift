import EventLoop
import RPCCore
import TestSupport
import Testing

@testable import RPCClient

/// Who is ejected, for how long, and where its calls go. gRFC A50.
@Suite struct OutlierDetectionTests {
  private static let second: UInt64 = 1_000_000_000
  private static let codes = (0...16).compactMap { StatusCode(rawValue: $0) }

  private func tally(_ successes: Int, _ failures: Int) -> CallTally {
    var tally = CallTally()
    for _ in 0..<successes { tally.add(.ok) }
    for _ in 0..<failures { tally.add(.unavailable) }
    return tally
  }

  /// Which of them a sweep ejects.
  private func ejected(
    _ tallies: [CallTally], seed: UInt64 = 1, _ configure: (inout OutlierDetection) -> Void
  ) -> [Int] {
    var tallies = tallies
    var random = SeededGenerator(seed: seed)
    OutlierSweep(settings: .with(configure), now: 5).run(&tallies, using: &random)
    #expect(tallies.allSatisfy { $0.calls == 0 })
    return tallies.indices.filter { tallies[$0].isEjected }
  }

  @Test func whatCountsAsFailed() {
    var tally = CallTally()
    for code in Self.codes { tally.add(code) }
    #expect(tally.failures == 6 && tally.calls == Self.codes.count - 1)
    tally.add(.notFound)
    #expect(tally.failures == 6)
    tally.add(.cancelled)
    #expect(tally.calls == Self.codes.count)
  }

  @Test func successRate() {
    let good = (0..<5).map { _ in tally(100, 0) }
    let all = good + [tally(50, 50)]
    func rate(_ configure: @escaping (inout OutlierDetection.SuccessRate) -> Void = { _ in }) -> (
      inout OutlierDetection
    ) -> Void {
      {
        var rule = OutlierDetection.SuccessRate()
        configure(&rule)
        $0.successRate = rule
      }
    }
    #expect(ejected(all, rate()) == [5])
    // Too few calls, or too few addresses with enough of them.
    #expect(ejected(all, rate { $0.minimumCalls = 101 }) == [])
    #expect(ejected(all, rate { $0.minimumAddresses = 7 }) == [])
    #expect(ejected(good + [tally(0, 99)], rate { $0.minimumAddresses = 5 }) == [])
    // The mean is 11/12 and the deviation 0.186: at 2.3 deviations the limit is below a half.
    #expect(ejected(all, rate { $0.deviations = 2.3 }) == [])
    #expect(ejected(all, rate { $0.deviations = 2.2 }) == [5])
    #expect(ejected(all, rate { $0.enforcement = 0 }) == [])
    // All are alike, however bad.
    #expect(ejected((0..<6).map { _ in tally(0, 100) }, rate()) == [])
    #expect(ejected([], rate { $0.minimumAddresses = 0 }) == [])
    // In about half of all intervals.
    let half = (1...400).count { !ejected(all, seed: UInt64($0), rate { $0.enforcement = 50 }).isEmpty }
    #expect((120...280).contains(half))
  }

  @Test func failurePercentage() {
    let all = (0..<4).map { _ in tally(50, 0) } + [tally(7, 43), tally(8, 42)]
    func limit(_ threshold: Int = 85, calls: Int = 50, addresses: Int = 5) -> (inout OutlierDetection) -> Void {
      {
        var rule = OutlierDetection.FailurePercentage()
        rule.threshold = threshold
        rule.minimumCalls = calls
        rule.minimumAddresses = addresses
        $0.failurePercentage = rule
      }
    }
    // 86 % and 84 %.
    #expect(ejected(all, limit()) == [4])
    #expect(ejected(all, limit(86)) == [])
    #expect(ejected(all, limit(calls: 51)) == [])
    #expect(ejected(all, limit(addresses: 7)) == [])
    #expect(ejected([tally(0, 50)], limit(addresses: 1)) == [0])
  }

  /// As long as less than the limit is ejected, one more may be.
  @Test(arguments: [(0, 0), (1, 1), (10, 1), (20, 2), (21, 3), (100, 8)]) func theLimitOfEjections(
    percent: Int, most: Int
  ) {
    let all = (0..<2).map { _ in tally(100, 0) } + (0..<8).map { _ in tally(0, 100) }
    let gone = ejected(all) {
      $0.maximumEjectionPercent = percent
      $0.failurePercentage = .init()
      $0.failurePercentage?.minimumAddresses = 1
    }
    #expect(gone.count == most && gone.allSatisfy { $0 >= 2 })
  }

  /// Each ejection in a row lasts longer, up to the limit; intervals without one make the next shorter.
  @Test func ejectionsEnd() {
    let settings = OutlierDetection.with { $0.maximumEjectionTime = .seconds(70) }
    var tally = CallTally()
    var now: UInt64 = 0
    for (expected, times) in [(30, 1), (60, 2), (70, 3)] as [(UInt64, UInt64)] {
      tally.eject(now: now)
      #expect(tally.multiplier == times)
      tally.relent(settings, now: now + expected * Self.second)
      #expect(tally.isEjected)
      now += expected * Self.second + 1
      tally.relent(settings, now: now)
      #expect(!tally.isEjected && tally.multiplier == times)
    }
    for left in [2, 1, 0, 0] as [UInt64] {
      tally.relent(settings, now: now)
      #expect(tally.multiplier == left)
    }
    // Times without sense end somewhere.
    tally.eject(now: .max - 1)
    tally.eject(now: .max - 1)
    tally.relent(.with { $0.baseEjectionTime = .seconds(Int64.max) }, now: .max)
    #expect(tally.isEjected)
  }

  // MARK: The channel

  private func machine(_ balancing: LoadBalancing, _ count: Int) -> ChannelMachine {
    var machine = ChannelMachine(.init(balancing: balancing, isStatic: true), seed: 1)
    _ = machine.callIsWaiting(now: 0)
    _ = machine.resolved((1...count).map { .tcp(host: "10.0.0.\($0)", port: 1) }, now: 0)
    for id in 0..<count { _ = machine.connected(id, now: 0) }
    return machine
  }

  private let strict = OutlierDetection.with {
    $0.maximumEjectionPercent = 100
    $0.failurePercentage = .init()
    $0.failurePercentage?.minimumAddresses = 1
    $0.failurePercentage?.minimumCalls = 1
  }

  @Test(arguments: [LoadBalancing.roundRobin, .leastRequest, .weightedRoundRobin])
  func anEjectedAddressGetsNoCalls(policy: LoadBalancing) {
    var machine = machine(policy.ejectingOutliers(strict), 3)
    machine.callBegan(1)
    machine.callEnded(1, .unavailable)
    #expect(machine.nextTick == 10 * Self.second)
    _ = machine.tick(now: 10 * Self.second)
    #expect(machine.snapshot.subchannels.map(\.isEjected) == [false, true, false])
    for _ in 0..<50 { #expect([.use(0), .use(2)].contains(machine.pick(now: 10 * Self.second))) }
    // It keeps its connection, and a new one is no pardon.
    #expect(
      machine.disconnected(1, hasCalls: false, now: 11 * Self.second) == [.connect(1, .tcp(host: "10.0.0.2", port: 1))])
    _ = machine.connected(1, now: 11 * Self.second)
    for _ in 0..<50 { #expect(machine.pick(now: 11 * Self.second) != .use(1)) }
    // Its time is over at the next sweep after 40 s.
    for time in stride(from: UInt64(20), through: 50, by: 10) { _ = machine.tick(now: time * Self.second) }
    let picks = Set((0..<100).map { _ in "\(machine.pick(now: 50 * Self.second))" })
    #expect(picks.count == 3)
  }

  /// What fails many calls is better than nothing.
  @Test func thereIsAlwaysOneLeft() {
    var machine = machine(LoadBalancing.roundRobin.ejectingOutliers(strict), 2)
    for id in 0...1 {
      machine.callBegan(id)
      machine.callEnded(id, .unavailable)
    }
    _ = machine.tick(now: 10 * Self.second)
    let ejected = machine.snapshot.subchannels.map(\.isEjected)
    #expect(ejected == [true, true])
    #expect(machine.state == .ready && machine.pick(now: 10 * Self.second) == .use(0))
  }

  @Test func pickFirstEjectsNothing() {
    var machine = machine(LoadBalancing.pickFirst.ejectingOutliers(strict), 1)
    machine.callEnded(0, .unavailable)
    #expect(machine.nextTick == nil && machine.pick(now: 0) == .use(0))
    #expect(!LoadBalancing.pickFirst.ejectingOutliers(strict).countsCalls)
    #expect(self.machine(.roundRobin.ejectingOutliers(OutlierDetection()), 1).nextTick == nil)
  }
}
