import TestSupport
import Testing

@testable import Postgres

@Suite struct LeasePoolTests {
  final class Caller {
    let name: String
    init(_ name: String) { self.name = name }
  }
  typealias Pool = LeasePool<Caller>

  private func pool(
    size: Int = 2, overflow: Int = 1, opening: Int = 10, queue: Int = 10, age: UInt64 = 1000, idle: UInt64 = 100
  ) -> Pool {
    Pool(
      limits: Pool.Limits(
        size: size, overflow: overflow, opening: opening, queue: queue, maximumAge: age, overflowIdle: idle))
  }

  private func names(_ actions: [Pool.Action]) -> [String] {
    actions.map { action in
      switch action {
      case .connect(let id): "connect \(id)"
      case .check(let id, let caller, let isFresh): "check \(id) \(caller.name)\(isFresh ? " fresh" : "")"
      case .grant(let id, let caller): "grant \(id) \(caller.name)"
      case .refuse(let caller, let reason): "refuse \(caller.name) \(reason)"
      case .close(let id): "close \(id)"
      }
    }
  }

  private func lease(_ pool: inout Pool, _ id: Int, _ caller: Caller) {
    _ = pool.acquire(caller)
    _ = pool.connected(id, now: 0)
    _ = pool.checked(id, isGood: true)
  }

  @Test func opensChecksGrantsAndKeeps() {
    var pool = pool()
    let a = Caller("a")
    #expect(names(pool.acquire(a)) == ["connect 1"])
    #expect(names(pool.connected(1, now: 0)) == ["check 1 a fresh"])
    #expect(names(pool.checked(1, isGood: true)) == ["grant 1 a"])
    #expect(names(pool.released(1, isClean: true, now: 1)) == [])
    #expect(pool.idleCount == 1 && pool.isQuiet)
    #expect(names(pool.acquire(a)) == ["check 1 a"])
  }

  /// A check that fails after the shutdown: its caller is refused, and nothing is opened.
  @Test func nothingIsOpenedAfterTheShutdown() {
    var pool = pool(size: 1)
    lease(&pool, 1, Caller("a"))
    _ = pool.released(1, isClean: true, now: 0)
    #expect(names(pool.acquire(Caller("b"))) == ["check 1 b"])
    #expect(names(pool.shutDown()) == [])
    #expect(names(pool.checked(1, isGood: false)) == ["close 1", "refuse b shutDown"])
    #expect(pool.isQuiet && pool.open == 0)
  }

  @Test func aBurstOpensFewAtATime() {
    var pool = pool(size: 9, opening: 2)
    var asked: [String] = []
    for name in ["a", "b", "c", "d"] { asked += names(pool.acquire(Caller(name))) }
    #expect(asked == ["connect 1", "connect 2"])
    #expect(names(pool.connected(1, now: 0)) == ["check 1 a fresh", "connect 3"])
    _ = pool.checked(1, isGood: true)
    // Who gives one back serves the next before another one is up.
    #expect(names(pool.released(1, isClean: true, now: 0)) == ["check 1 b"])
    #expect(names(pool.connected(2, now: 0)) == ["check 2 c fresh"])
  }

  @Test func overflowIsClosedWhenNobodyUsesIt() {
    var pool = pool(size: 1, overflow: 1)
    lease(&pool, 1, Caller("a"))
    lease(&pool, 2, Caller("b"))
    let c = Caller("c")
    #expect(names(pool.acquire(c)) == [])
    #expect(pool.waiting == 1)
    #expect(names(pool.released(2, isClean: true, now: 1)) == ["check 2 c"])
    _ = pool.checked(2, isGood: true)
    #expect(names(pool.released(2, isClean: true, now: 1)) == [])
    #expect(names(pool.released(1, isClean: true, now: 50)) == [])
    #expect(names(pool.recycle(now: 100)) == [])
    #expect(names(pool.recycle(now: 101)) == ["close 2"])
    #expect(names(pool.recycle(now: 500)) == [])
    #expect(pool.open == 1)
  }

  @Test func dirtyConnectionNeverReturns() {
    var pool = pool()
    lease(&pool, 1, Caller("a"))
    #expect(names(pool.released(1, isClean: false, now: 1)) == ["close 1"])
    #expect(pool.open == 0)
    #expect(names(pool.acquire(Caller("b"))) == ["connect 2"])
  }

  @Test func oldConnectionsAreReplaced() {
    var pool = pool(age: 100)
    lease(&pool, 1, Caller("a"))
    #expect(names(pool.released(1, isClean: true, now: 100)) == ["close 1"])
    lease(&pool, 2, Caller("a"))
    _ = pool.released(2, isClean: true, now: 50)
    #expect(names(pool.recycle(now: 99)) == [])
    #expect(names(pool.recycle(now: 100)) == ["close 2"])
    #expect(pool.open == 0 && pool.idleCount == 0)
  }

  @Test func failedPingOpensAnother() {
    var pool = pool()
    lease(&pool, 1, Caller("a"))
    _ = pool.released(1, isClean: true, now: 1)
    #expect(names(pool.acquire(Caller("b"))) == ["check 1 b"])
    #expect(names(pool.checked(1, isGood: false)) == ["close 1", "connect 2"])
    #expect(names(pool.connected(2, now: 2)) == ["check 2 b fresh"])
    // Never good at all: the caller is told instead of trying for ever.
    #expect(names(pool.checked(2, isGood: false)) == ["close 2", "refuse b connectFailed"])
  }

  @Test func queueIsBounded() {
    var pool = pool(size: 1, overflow: 0, queue: 2)
    lease(&pool, 1, Caller("a"))
    #expect(names(pool.acquire(Caller("b"))) == [])
    #expect(names(pool.acquire(Caller("c"))) == [])
    #expect(names(pool.acquire(Caller("d"))) == ["refuse d queueFull"])
  }

  @Test func waitersAreServedInOrderAndMayLeave() {
    var pool = pool(size: 1, overflow: 0)
    lease(&pool, 1, Caller("a"))
    let callers = ["b", "c", "d"].map(Caller.init)
    for caller in callers { _ = pool.acquire(caller) }
    #expect(names(pool.forget(callers[1])) == [])
    #expect(names(pool.released(1, isClean: true, now: 1)) == ["check 1 b"])
    // Gone during its check: what runs there is unknown, so the connection goes too.
    #expect(names(pool.forget(callers[0])) == ["close 1", "connect 2"])
    #expect(names(pool.checked(1, isGood: true)) == [])
    #expect(names(pool.connected(2, now: 2)) == ["check 2 d fresh"])
  }

  @Test func failedConnectTellsWhoHasNothingElseToWaitFor() {
    var pool = pool(size: 2, overflow: 0)
    lease(&pool, 1, Caller("a"))
    #expect(names(pool.acquire(Caller("b"))) == ["connect 2"])
    #expect(names(pool.connectFailed(2)) == [])
    #expect(names(pool.released(1, isClean: true, now: 1)) == ["check 1 b"])
    #expect(names(pool.lost(1)) == ["connect 3"])
    #expect(names(pool.connectFailed(3)) == ["refuse b connectFailed"])
  }

  @Test func lostWhileLent() {
    var pool = pool(size: 1, overflow: 0)
    lease(&pool, 1, Caller("a"))
    _ = pool.acquire(Caller("b"))
    #expect(names(pool.lost(1)) == ["connect 2"])
    #expect(names(pool.released(1, isClean: false, now: 1)) == [])
  }

  @Test func shutDownRefusesAndCloses() {
    var pool = pool(size: 2, overflow: 0)
    lease(&pool, 1, Caller("a"))
    lease(&pool, 2, Caller("b"))
    _ = pool.acquire(Caller("c"))
    _ = pool.released(2, isClean: false, now: 1)
    #expect(names(pool.shutDown()).sorted() == ["close 3", "refuse c shutDown"])
    #expect(names(pool.acquire(Caller("d"))) == ["refuse d shutDown"])
    #expect(names(pool.released(1, isClean: true, now: 1)) == ["close 1"])
    #expect(pool.open == 0 && pool.isQuiet)
  }

  /// Trap 18, in the state machine: each waiter is answered exactly once, whatever happens, and limits hold.
  @Test func everyWaiterIsAnsweredOnce() {
    var generator = SeededGenerator(seed: 18)
    for _ in 0..<2000 {
      var pool = pool(size: 2, overflow: 2, queue: 4, age: 50)
      var answers: [String: Int] = [:]
      var callers: [Caller] = []
      var leased: Set<Int> = []
      var connecting: [Int] = []
      var checking: [Int] = []
      var now: UInt64 = 0
      func take(_ actions: [Pool.Action]) {
        for action in actions {
          switch action {
          case .connect(let id): connecting.append(id)
          case .check(let id, _, _): checking.append(id)
          case .grant(let id, let caller):
            #expect(leased.insert(id).inserted)
            answers[caller.name, default: 0] += 1
          case .refuse(let caller, _): answers[caller.name, default: 0] += 1
          case .close(let id): leased.remove(id)
          }
        }
        #expect(pool.open <= 4 && pool.waiting <= 5)
      }
      for step in 0..<60 {
        now += 3
        switch Int.random(in: 0..<8, using: &generator) {
        case 0, 1:
          callers.append(Caller("\(step)"))
          take(pool.acquire(callers[callers.count - 1]))
        case 2: if let id = connecting.popLast() { take(pool.connected(id, now: now)) }
        case 3: if let id = connecting.popLast() { take(pool.connectFailed(id)) }
        case 4: if let id = checking.popLast() { take(pool.checked(id, isGood: Bool.random(using: &generator))) }
        case 5:
          if let id = leased.randomElement(using: &generator) {
            leased.remove(id)
            take(pool.released(id, isClean: Bool.random(using: &generator), now: now))
          }
        case 6: take(pool.recycle(now: now))
        default:
          if let caller = callers.first(where: { answers[$0.name] == nil }), Bool.random(using: &generator) {
            answers[caller.name] = 1
            take(pool.forget(caller))
          }
        }
      }
      take(pool.shutDown())
      for id in checking { take(pool.checked(id, isGood: false)) }
      take(pool.refuseWaiters())
      #expect(callers.allSatisfy { answers[$0.name] == 1 })
    }
  }
}
