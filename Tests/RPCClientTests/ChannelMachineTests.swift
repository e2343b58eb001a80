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
    ChannelMachine(balancing, backoff: backoff(), isStatic: isStatic)
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
    var random = SeededGenerator(seed: 1)
    var machine = machine(.pickFirst)
    #expect(machine.state == .idle && machine.pick() == .wait)
    #expect(machine.callIsWaiting(now: 0) == [.resolve])
    #expect(machine.resolved(addresses, now: 0, using: &random) == [.connect(0, addresses[0]), .dispatch])
    #expect(machine.state == .connecting)
    #expect(machine.connectFailed(0, "a", now: 1, using: &random) == [.connect(1, addresses[1])])
    #expect(machine.connected(1) == [.dispatch])
    #expect(machine.pick() == .use(1) && machine.state == .ready)
    // Lost without calls: it waits for the next one, and asks for the addresses no more often than it may.
    #expect(machine.disconnected(1, hasCalls: false, now: 2) == [])
    #expect(machine.state == .idle && machine.nextTick != nil)
    #expect(machine.callIsWaiting(now: 3) == [.connect(1, addresses[1])])
  }

  @Test func afterAllHaveFailedCallsFailUntilOneAccepts() {
    var random = SeededGenerator(seed: 1)
    var machine = machine(.pickFirst, isStatic: true)
    #expect(machine.callIsWaiting(now: 0) == [.resolve])
    _ = machine.resolved(Array(addresses.prefix(2)), now: 0, using: &random)
    _ = machine.connectFailed(0, "a", now: 5, using: &random)
    #expect(machine.connectFailed(1, "b", now: 7, using: &random) == [.dispatch])
    #expect(machine.state == .transientFailure && machine.pick() == .fail("b"))
    #expect(machine.nextTick == second)
    #expect(machine.tick(now: second - 1) == [])
    #expect(machine.tick(now: second) == [.connect(0, addresses[0])])
    #expect(machine.state == .transientFailure)
    #expect(machine.connected(0) == [.dispatch] && machine.pick() == .use(0))
  }

  /// The time counts from the beginning of the attempt.
  @Test func anAttemptThatTookLongIsFollowedAtOnce() {
    var random = SeededGenerator(seed: 1)
    var machine = machine(.pickFirst, isStatic: true)
    _ = machine.callIsWaiting(now: 0)
    _ = machine.resolved([addresses[0]], now: 0, using: &random)
    _ = machine.connectFailed(0, "a", now: 20 * second, using: &random)
    #expect(machine.nextTick == 20 * second)
    #expect(machine.tick(now: 20 * second) == [.connect(0, addresses[0])])
  }

  @Test func roundRobinGoesAroundThoseThatAreReady() {
    var random = SeededGenerator(seed: 1)
    var machine = machine(.roundRobin)
    _ = machine.callIsWaiting(now: 0)
    #expect(
      machine.resolved(addresses, now: 0, using: &random)
        == addresses.indices.map { .connect($0, addresses[$0]) } + [.dispatch])
    _ = machine.connected(0)
    _ = machine.connected(2)
    var picks: [ChannelMachine.Pick] = []
    for _ in 0..<4 { picks.append(machine.pick()) }
    #expect(picks == [.use(0), .use(2), .use(0), .use(2)])
    #expect(machine.disconnected(0, hasCalls: false, now: 1) == [.connect(0, addresses[0])])
    // What is no address any more is dropped, what was one keeps its connection.
    let other = SocketAddress.tcp(host: "10.0.0.9", port: 1)
    #expect(
      machine.resolved([other, addresses[2]], now: 2, using: &random)
        == [.drop(0), .drop(1), .connect(3, other), .dispatch])
    #expect(machine.pick() == .use(2))
    #expect(machine.connected(0) == [.drop(0)])
  }

  @Test func aTargetThatCantBeResolved() {
    var random = SeededGenerator(seed: 1)
    var machine = machine(.pickFirst)
    _ = machine.callIsWaiting(now: 0)
    #expect(machine.resolutionFailed("no such host", now: 0, using: &random) == [.dispatch])
    #expect(machine.pick() == .fail("no such host") && machine.nextTick == second)
    #expect(machine.tick(now: second) == [.resolve])
    #expect(machine.resolved([], now: second, using: &random) == [.dispatch])
    #expect(machine.pick() == .fail("the target has no addresses"))
    #expect(machine.tick(now: 3 * second) == [.resolve])
    _ = machine.resolved(addresses, now: 3 * second, using: &random)
    #expect(machine.pick() == .fail("the target has no addresses") || machine.pick() == .wait)
  }

  @Test func aChannelThatRestsDropsItsConnections() {
    var random = SeededGenerator(seed: 1)
    var machine = machine(.roundRobin)
    _ = machine.callIsWaiting(now: 0)
    _ = machine.resolved(addresses, now: 0, using: &random)
    _ = machine.connected(1)
    #expect(machine.becomeIdle() == [.drop(0), .drop(1), .drop(2)])
    #expect(machine.state == .idle && machine.nextTick == nil)
    #expect(machine.callIsWaiting(now: 5) == [.resolve])
  }

  /// Whatever happens, no address is connected to twice at a time, and a channel that is needed never stops trying.
  @Test(arguments: 1...40) func aRandomWalk(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let balancing: LoadBalancing = seed % 2 == 0 ? .pickFirst : .roundRobin
    var machine = ChannelMachine(balancing, backoff: ConnectionBackoff(), isStatic: false)
    var now: UInt64 = 0
    var connecting: Set<Int> = []
    var ready: Set<Int> = []
    var isResolving = false
    func perform(_ actions: [ChannelMachine.Action]) {
      for action in actions {
        switch action {
        case .resolve:
          #expect(!isResolving)
          isResolving = true
        case .connect(let id, _): #expect(connecting.insert(id).inserted && !ready.contains(id))
        case .drop(let id):
          connecting.remove(id)
          ready.remove(id)
        case .dispatch: break
        }
      }
    }
    for _ in 0..<2000 {
      now += UInt64.random(in: 0...second, using: &random)
      switch Int.random(in: 0..<12, using: &random) {
      case 0: perform(machine.callIsWaiting(now: now))
      case 1...2 where isResolving:
        isResolving = false
        let found = addresses.filter { _ in Bool.random(using: &random) }
        perform(machine.resolved(found, now: now, using: &random))
      case 3 where isResolving:
        isResolving = false
        perform(machine.resolutionFailed("x", now: now, using: &random))
      case 4...5:
        guard let id = connecting.randomElement(using: &random) else { continue }
        connecting.remove(id)
        ready.insert(id)
        perform(machine.connected(id))
      case 6...7:
        guard let id = connecting.randomElement(using: &random) else { continue }
        connecting.remove(id)
        perform(machine.connectFailed(id, "x", now: now, using: &random))
      case 8:
        guard let id = ready.randomElement(using: &random) else { continue }
        ready.remove(id)
        perform(machine.disconnected(id, hasCalls: Bool.random(using: &random), now: now))
      case 9: if Int.random(in: 0..<20, using: &random) == 0 { perform(machine.becomeIdle()) }
      default: if let due = machine.nextTick, due <= now { perform(machine.tick(now: now)) }
      }
      #expect(Set(machine.subchannels.filter { $0.state == .ready }.map(\.id)) == ready)
      if case .use(let id) = machine.pick() { #expect(ready.contains(id)) } else { #expect(ready.isEmpty) }
      let isTrying = !connecting.isEmpty || isResolving || machine.nextTick != nil || !ready.isEmpty
      #expect(!machine.isActive || isTrying)
    }
  }
}
