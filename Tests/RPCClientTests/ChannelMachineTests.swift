import EventLoop
import TestSupport
import Testing

@testable import RPCClient

/// Which addresses a channel connects to, and when, with a clock that the tests move.
@Suite struct ChannelMachineTests {
  private let second: UInt64 = 1_000_000_000
  private let addresses = (1...3).map { SocketAddress.tcp(host: "10.0.0.\($0)", port: 1) }

  private func backoff() -> ConnectionBackoff {
    var backoff = ConnectionBackoff()
    backoff.jitter = 0
    return backoff
  }

  private func machine(_ balancing: LoadBalancing, isStatic: Bool = false) -> ChannelMachine {
    ChannelMachine(.init(balancing: balancing, backoff: backoff(), isStatic: isStatic), seed: 1)
  }

  @Test func backoffGrowsToItsLimit() {
    var random = SeededGenerator(seed: 1)
    let delays = (1...12).map { backoff().delay(failures: $0, using: &random) }
    #expect(delays.prefix(3) == [second, second * 8 / 5, second * 64 / 25])
    #expect(delays.last == 120 * second && delays == delays.sorted())
    let jittered = ConnectionBackoff()
    for _ in 0..<1000 {
      #expect((second * 4 / 5...second * 6 / 5).contains(jittered.delay(failures: 1, using: &random)))
      #expect(jittered.delay(failures: 1000, using: &random) <= 144 * second)
    }
  }

  @Test func pickFirstTakesTheFirstThatAccepts() {
    var machine = machine(.pickFirst)
    #expect(machine.state == .idle && machine.pick(now: 0) == .wait)
    #expect(machine.callIsWaiting(now: 0) == [.resolve])
    #expect(machine.resolved(addresses, now: 0) == [.connect(0, addresses[0]), .dispatch])
    #expect(machine.state == .connecting)
    #expect(machine.connectFailed(0, "a", now: 1) == [.connect(1, addresses[1])])
    #expect(machine.connected(1, now: 0) == [.dispatch])
    #expect(machine.pick(now: 0) == .use(1) && machine.state == .ready)
    // Lost without calls: it waits for the next one, and asks for the addresses no more often than it may.
    #expect(machine.disconnected(1, hasCalls: false, now: 2) == [])
    #expect(machine.state == .idle && machine.nextTick != nil)
    #expect(machine.callIsWaiting(now: 3) == [.connect(1, addresses[1])])
  }

  @Test func afterAllHaveFailedCallsFailUntilOneAccepts() {
    var machine = machine(.pickFirst, isStatic: true)
    #expect(machine.callIsWaiting(now: 0) == [.resolve])
    _ = machine.resolved(Array(addresses.prefix(2)), now: 0)
    _ = machine.connectFailed(0, "a", now: 5)
    #expect(machine.connectFailed(1, "b", now: 7) == [.dispatch])
    #expect(machine.state == .transientFailure && machine.pick(now: 0) == .fail("b"))
    #expect(machine.nextTick == second)
    #expect(machine.tick(now: second - 1) == [])
    #expect(machine.tick(now: second) == [.connect(0, addresses[0])])
    #expect(machine.state == .transientFailure)
    #expect(machine.connected(0, now: 0) == [.dispatch] && machine.pick(now: 0) == .use(0))
  }

  /// The time counts from the beginning of the attempt.
  @Test func anAttemptThatTookLongIsFollowedAtOnce() {
    var machine = machine(.pickFirst, isStatic: true)
    _ = machine.callIsWaiting(now: 0)
    _ = machine.resolved([addresses[0]], now: 0)
    _ = machine.connectFailed(0, "a", now: 20 * second)
    #expect(machine.nextTick == 20 * second)
    #expect(machine.tick(now: 20 * second) == [.connect(0, addresses[0])])
  }

  @Test func roundRobinGoesAroundThoseThatAreReady() {
    var machine = machine(.roundRobin)
    _ = machine.callIsWaiting(now: 0)
    #expect(
      machine.resolved(addresses, now: 0)
        == addresses.indices.map { .connect($0, addresses[$0]) } + [.dispatch])
    _ = machine.connected(0, now: 0)
    _ = machine.connected(2, now: 0)
    var picks: [ChannelMachine.Pick] = []
    for _ in 0..<4 { picks.append(machine.pick(now: 0)) }
    #expect(picks == [.use(0), .use(2), .use(0), .use(2)])
    #expect(machine.disconnected(0, hasCalls: false, now: 1) == [.connect(0, addresses[0])])
    // What is no address any more is dropped, what was one keeps its connection.
    let other = SocketAddress.tcp(host: "10.0.0.9", port: 1)
    #expect(
      machine.resolved([other, addresses[2]], now: 2)
        == [.drop(0), .drop(1), .connect(3, other), .dispatch])
    #expect(machine.pick(now: 0) == .use(2))
    #expect(machine.connected(0, now: 0) == [.drop(0)])
  }

  @Test func aTargetThatCantBeResolved() {
    var machine = machine(.pickFirst)
    _ = machine.callIsWaiting(now: 0)
    #expect(machine.resolutionFailed("no such host", now: 0) == [.dispatch])
    #expect(machine.pick(now: 0) == .fail("no such host") && machine.nextTick == second)
    #expect(machine.tick(now: second) == [.resolve])
    #expect(machine.resolved([], now: second) == [.dispatch])
    #expect(machine.pick(now: 0) == .fail("the target has no addresses"))
    #expect(machine.tick(now: 3 * second) == [.resolve])
    _ = machine.resolved(addresses, now: 3 * second)
    #expect(machine.pick(now: 0) == .fail("the target has no addresses") || machine.pick(now: 0) == .wait)
  }

  @Test func aChannelThatRestsDropsItsConnections() {
    var machine = machine(.roundRobin)
    _ = machine.callIsWaiting(now: 0)
    _ = machine.resolved(addresses, now: 0)
    _ = machine.connected(1, now: 0)
    #expect(machine.becomeIdle() == [.drop(0), .drop(1), .drop(2)])
    #expect(machine.state == .idle && machine.nextTick == nil)
    #expect(machine.callIsWaiting(now: 5) == [.resolve])
  }
}
