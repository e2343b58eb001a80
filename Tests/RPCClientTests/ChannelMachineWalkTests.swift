import EventLoop
import RPCCore
import TestSupport
import Testing

@testable import RPCClient

/// Every policy, with everything that can happen in any order.
@Suite struct ChannelMachineWalkTests {
  private static let second: UInt64 = 1_000_000_000

  private static let policies: [LoadBalancing] = [
    .pickFirst, .shuffledPickFirst, .roundRobin, .leastRequest, .weightedRoundRobin,
  ]

  private let addresses = ["10.0.0.1", "10.0.0.2", "::1", "::2", "10.0.0.3"].map {
    SocketAddress.tcp(host: $0, port: 1)
  }

  /// What the driver knows.
  private struct World {
    var connecting: Set<Int> = []
    var ready: Set<Int> = []
    var serving: Set<Int> = []
    var watching: Set<Int> = []
    var calls: [Int] = []
    var isResolving = false
    /// What must never be.
    var faults: [String] = []

    mutating func must(_ isTrue: Bool, _ rule: StaticString) {
      if !isTrue { faults.append("\(rule)") }
    }

    mutating func perform(_ actions: [ChannelMachine.Action]) {
      for action in actions {
        switch action {
        case .resolve:
          must(!isResolving, "it resolves twice at a time")
          isResolving = true
        case .connect(let id, _):
          must(connecting.insert(id).inserted && !ready.contains(id), "it connects twice at a time")
        case .watchHealth(let id):
          must(watching.insert(id).inserted && ready.contains(id), "it watches twice, or what is not there")
        case .drop(let id):
          connecting.remove(id)
          lost(id)
        case .dispatch: break
        }
      }
    }

    mutating func lost(_ id: Int) {
      ready.remove(id)
      serving.remove(id)
      watching.remove(id)
    }
  }

  /// No address is connected to twice at a time, a call never goes where there is no connection to a server that
  /// serves, and a channel that is needed never stops trying.
  @Test(arguments: 1...60) func anyOrder(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var balancing = Self.policies[Int(seed) % Self.policies.count]
    if seed % 2 == 0 {
      balancing = balancing.ejectingOutliers(
        .with {
          $0.interval = .seconds(5)
          $0.maximumEjectionPercent = 60
          $0.failurePercentage = .init()
          $0.failurePercentage?.minimumAddresses = 1
          $0.failurePercentage?.minimumCalls = 2
          $0.successRate = .init()
          $0.successRate?.minimumCalls = 1
          $0.successRate?.minimumAddresses = 2
        })
    }
    let checksHealth = seed % 3 == 0 && !balancing.isPickFirst
    var machine = ChannelMachine(.init(balancing: balancing, checksHealth: checksHealth), seed: seed)
    var world = World()
    var now: UInt64 = 0
    for _ in 0..<1500 {
      now += UInt64.random(in: 0...Self.second / 2, using: &random)
      step(&machine, &world, now, &random)
      check(&machine, &world, now, checksHealth: checksHealth)
    }
    #expect(world.faults.isEmpty, "\(world.faults.prefix(3))")
    #expect(machine.snapshot.subchannels.count == machine.subchannels.count)
  }

  private func check(_ machine: inout ChannelMachine, _ world: inout World, _ now: UInt64, checksHealth: Bool) {
    let isPickFirst = machine.balancing.isPickFirst
    let ready = machine.subchannels.count { $0.state == .ready }
    world.must(
      ready == world.ready.count
        && machine.subchannels.allSatisfy { $0.state != .ready || world.ready.contains($0.id) },
      "it does not know which connections there are")
    let takes = checksHealth ? world.serving : world.ready
    if case .use(let id) = machine.pick(now: now) {
      world.must(takes.contains(id) && machine.state == .ready, "a call goes where it can't be served")
      machine.callBegan(id)
      world.calls.append(id)
    } else {
      world.must(takes.isEmpty && machine.state != .ready, "a call waits though it could be served")
    }
    var running: [Int: Int] = [:]
    for call in world.calls { running[call, default: 0] += 1 }
    world.must(
      machine.subchannels.allSatisfy { $0.runningCalls == running[$0.id] ?? 0 }, "it does not know which calls run")
    if isPickFirst {
      world.must(
        world.ready.count <= 1 && (world.ready.isEmpty || world.connecting.isEmpty), "pick_first has more than one")
    }
    let isTrying = !world.connecting.isEmpty || world.isResolving || machine.nextTick != nil || !world.ready.isEmpty
    world.must(!machine.isActive || isTrying, "it gives up")
    world.must(
      machine.subchannels.allSatisfy {
        $0.health != .notServing || world.watching.contains($0.id) || $0.watchAt != nil
      }, "a server that does not serve is not asked again")
  }

  private func step(
    _ machine: inout ChannelMachine, _ world: inout World, _ now: UInt64, _ random: inout SeededGenerator
  ) {
    switch Int.random(in: 0..<20, using: &random) {
    case 0: world.perform(machine.callIsWaiting(now: now))
    case 1...2 where world.isResolving:
      world.isResolving = false
      let found = addresses.filter { _ in Bool.random(using: &random) }
      world.perform(machine.resolved(found + found.prefix(1), now: now))
    case 3 where world.isResolving:
      world.isResolving = false
      world.perform(machine.resolutionFailed("x", now: now))
    case 4...5:
      guard let id = world.connecting.randomElement(using: &random) else { return }
      world.connecting.remove(id)
      world.ready.insert(id)
      world.perform(machine.connected(id, now: now))
    case 6...7:
      guard let id = world.connecting.randomElement(using: &random) else { return }
      world.connecting.remove(id)
      world.perform(machine.connectFailed(id, "x", now: now))
    case 8:
      guard let id = world.ready.randomElement(using: &random) else { return }
      world.lost(id)
      world.perform(machine.disconnected(id, hasCalls: Bool.random(using: &random), now: now))
    case 9: if Int.random(in: 0..<40, using: &random) == 0 { world.perform(machine.becomeIdle()) }
    case 10...13:
      guard let index = world.calls.indices.randomElement(using: &random) else { return }
      let id = world.calls.remove(at: index)
      machine.loadReported(
        id, LoadReport(utilization: Double.random(in: -1...2, using: &random), calls: 10, errors: 1), now: now)
      machine.callEnded(id, [.ok, .unavailable, .notFound, nil].randomElement(using: &random) ?? nil)
    case 14...15:
      guard let id = world.watching.randomElement(using: &random) else { return }
      let isServing = Bool.random(using: &random)
      if isServing { world.serving.insert(id) } else { world.serving.remove(id) }
      world.perform(machine.healthChanged(id, isServing: isServing))
    case 16:
      guard let id = world.watching.randomElement(using: &random) else { return }
      world.watching.remove(id)
      let isUnimplemented = Bool.random(using: &random)
      if isUnimplemented { world.serving.insert(id) } else { world.serving.remove(id) }
      world.perform(
        machine.healthWatchEnded(
          id, "x", isUnimplemented: isUnimplemented, hadAnswer: Bool.random(using: &random), now: now))
    default: if let due = machine.nextTick, due <= now { world.perform(machine.tick(now: now)) }
    }
  }
}
