import EventLoop
import Testing

@testable import RPCClient

/// How pick_first finds an address that accepts. RFC 8305, gRFC A61 and A62.
@Suite struct HappyEyeballsTests {
  private let delay: UInt64 = 250_000_000
  private let second: UInt64 = 1_000_000_000

  private func ipv4(_ number: Int) -> SocketAddress { .tcp(host: "10.0.0.\(number)", port: 1) }
  private func ipv6(_ number: Int) -> SocketAddress { .tcp(host: "fe::\(number)", port: 1) }

  /// A machine that has just connected to the first of the addresses, at 0.
  private func machine(_ addresses: [SocketAddress], _ balancing: LoadBalancing = .pickFirst) -> ChannelMachine {
    var backoff = ConnectionBackoff()
    backoff.jitter = 0
    var machine = ChannelMachine(.init(balancing: balancing, backoff: backoff, isStatic: true), seed: 1)
    _ = machine.callIsWaiting(now: 0)
    _ = machine.resolved(addresses, now: 0)
    return machine
  }

  @Test func familiesTakeTurns() {
    let mixed = [ipv6(1), ipv6(2), ipv6(3), ipv4(1), .unix(path: "/a"), ipv4(2)]
    #expect(
      AddressOrder.interleaved(mixed) == [ipv6(1), ipv4(1), .unix(path: "/a"), ipv6(2), ipv4(2), ipv6(3)])
    #expect(AddressOrder.interleaved([ipv4(2), ipv4(1)]) == [ipv4(2), ipv4(1)])
    #expect(AddressOrder.interleaved([]) == [])
    #expect(AddressOrder.unique([ipv4(1), ipv4(2), ipv4(1)]) == [ipv4(1), ipv4(2)])
    #expect(machine([ipv6(1), ipv6(2), ipv4(1)]).subchannels.map(\.address) == [ipv6(1), ipv4(1), ipv6(2)])
    // Other policies connect to all, in the order of the resolver.
    let all = machine([ipv6(1), ipv6(2), ipv4(1)], .roundRobin)
    #expect(all.subchannels.map(\.address) == [ipv6(1), ipv6(2), ipv4(1)])
  }

  @Test func aSilentAddressCostsTheDelay() {
    var machine = machine([ipv6(1), ipv4(1), ipv6(2)])
    #expect(machine.nextTick == delay)
    #expect(machine.tick(now: delay - 1) == [])
    #expect(machine.tick(now: delay) == [.connect(1, ipv4(1))])
    #expect(machine.nextTick == 2 * delay)
    // The first that accepts wins; the other attempt is given up, and the third never begins.
    #expect(machine.connected(1, now: delay + 1) == [.drop(0), .dispatch])
    #expect(machine.pick(now: 0) == .use(1) && machine.nextTick == nil)
    // Whatever is still told of the attempt that was given up, changes nothing.
    #expect(machine.connectFailed(0, "late", now: delay + 2) == [])
    #expect(machine.connected(0, now: delay + 2) == [.drop(0)])
  }

  /// Only the failure of the attempt that began last lets the next one begin before its time.
  @Test func aRefusalIsFollowedAtOnce() {
    var machine = machine([ipv4(1), ipv4(2), ipv4(3), ipv4(4)])
    #expect(machine.connectFailed(0, "refused", now: 5) == [.connect(1, ipv4(2))])
    #expect(machine.tick(now: 5 + delay) == [.connect(2, ipv4(3))])
    #expect(machine.connectFailed(1, "refused", now: 6 + delay) == [])
    #expect(machine.connectFailed(2, "refused", now: 7 + delay) == [.connect(3, ipv4(4))])
    #expect(machine.state == .connecting)
  }

  /// After all have failed, calls fail until one accepts, whatever is tried meanwhile. Each has its own backoff.
  @Test func failureLastsUntilOneAccepts() {
    var machine = machine([ipv4(1), ipv4(2)])
    _ = machine.connectFailed(0, "a", now: 0)
    #expect(machine.connectFailed(1, "b", now: 0) == [.dispatch])
    #expect(machine.state == .transientFailure && machine.nextTick == second)
    #expect(machine.tick(now: second) == [.connect(0, ipv4(1)), .connect(1, ipv4(2))])
    #expect(machine.pick(now: second) == .fail("b"))
    // New addresses don't make it better either.
    #expect(machine.resolved([ipv4(1), ipv4(2), ipv4(3)], now: second) == [.connect(2, ipv4(3)), .dispatch])
    #expect(machine.state == .transientFailure)
    #expect(machine.connected(2, now: second) == [.drop(0), .drop(1), .dispatch])
    #expect(machine.state == .ready)
  }

  /// A round that ends while an address waits for its backoff does not try it again before.
  @Test func noAddressIsTriedTwiceInARound() {
    var machine = machine([ipv4(1), ipv4(2)])
    #expect(machine.connectFailed(0, "refused", now: 1) == [.connect(1, ipv4(2))])
    // The backoff of the first is over, and the second has not answered yet.
    #expect(machine.tick(now: 2 * second) == [])
    #expect(machine.state == .connecting)
    // The round is over, with the first free to be tried again.
    #expect(machine.connectFailed(1, "timeout", now: 20 * second) == [.connect(0, ipv4(1)), .dispatch])
    #expect(machine.state == .transientFailure)
  }

  /// A connection that is lost begins a new round, in which those that wait for their backoff are left out.
  @Test func aLostConnectionBeginsANewRound() {
    var machine = machine([ipv4(1), ipv4(2), ipv4(3)])
    _ = machine.connectFailed(0, "refused", now: 0)
    _ = machine.connected(1, now: 0)
    #expect(machine.disconnected(1, hasCalls: true, now: 1) == [.connect(1, ipv4(2))])
    #expect(machine.connectFailed(1, "refused", now: 2) == [.connect(2, ipv4(3))])
    #expect(machine.state == .connecting)
    #expect(machine.connectFailed(2, "refused", now: 3) == [.dispatch])
    #expect(machine.state == .transientFailure)
  }

  /// An address that stays keeps its connection.
  @Test func aNewListKeepsTheConnection() {
    var machine = machine([ipv4(1), ipv4(2)])
    _ = machine.connected(0, now: 0)
    #expect(machine.resolved([ipv4(3), ipv4(1)], now: 1) == [.drop(1), .dispatch])
    #expect(machine.pick(now: 1) == .use(0))
    #expect(machine.resolved([ipv4(3)], now: 2) == [.drop(0), .connect(2, ipv4(3)), .dispatch])
    #expect(machine.state == .connecting)
  }

  @Test func shuffledOrdersDiffer() {
    let addresses = (1...6).map(ipv4)
    let orders = Set(
      (UInt64(0)..<20).map { seed in
        var machine = ChannelMachine(.init(balancing: .shuffledPickFirst, isStatic: true), seed: seed)
        _ = machine.callIsWaiting(now: 0)
        _ = machine.resolved(addresses, now: 0)
        return machine.subchannels.map { $0.address }
      })
    #expect(orders.count > 10 && orders.allSatisfy { Set($0) == Set(addresses) })
  }
}
