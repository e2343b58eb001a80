import Testing

@testable import EventLoop

@Suite struct TimerWheelTests {
  /// Each timer comes out at its tick, in no other, whatever level it went in at.
  @Test func firesEachTimerAtItsTick() throws {
    let loop = try EventLoop(name: "never run")
    let start: UInt64 = 1_000_003
    var wheel = TimerWheel(startTick: start)
    let delays: [UInt64] = [1, 2, 63, 64, 65, 127, 128, 4095, 4096, 4097, 262_143, 262_144, 300_000, 16_777_216]
    let timers = delays.map { _ in LoopTimer(on: loop) {} }
    for (timer, delay) in zip(timers, delays) { wheel.insert(timer, tick: start + delay) }
    for (timer, delay) in zip(timers, delays) {
      var due: [LoopTimer] = []
      wheel.expire(through: start + delay - 1, into: &due)
      #expect(due.isEmpty, "early at \(delay)")
      wheel.expire(through: start + delay, into: &due)
      #expect(due.count == 1 && due.first === timer, "not at \(delay)")
    }
    let count = wheel.count
    #expect(count == 0)
    let rest = wheel.nextTick()
    #expect(rest == nil)
  }

  @Test func nextTickIsNeverLate() throws {
    let loop = try EventLoop(name: "never run")
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      let start = UInt64.random(in: 0...(1 << 40), using: &generator)
      var wheel = TimerWheel(startTick: start)
      let delay = UInt64.random(in: 1...(1 << UInt64.random(in: 1...30, using: &generator)), using: &generator)
      let timer = LoopTimer(on: loop) {}
      wheel.insert(timer, tick: start + delay)
      var due: [LoopTimer] = []
      var steps = 0
      while due.isEmpty {
        let tick = wheel.nextTick()
        let next = try #require(tick)
        #expect(next <= start + delay)
        wheel.expire(through: next, into: &due)
        steps += 1
      }
      let reached = wheel.currentTick
      #expect(reached == start + delay)
      #expect(steps <= 6, "each level is spread once at most")
    }
  }

  @Test func cancelledTimerIsGone() throws {
    let loop = try EventLoop(name: "never run")
    var wheel = TimerWheel(startTick: 0)
    let timers = (0..<100).map { _ in LoopTimer(on: loop) {} }
    for (index, timer) in timers.enumerated() { wheel.insert(timer, tick: UInt64(index % 7) + 5) }
    for timer in timers where timer !== timers[50] { wheel.remove(timer) }
    var due: [LoopTimer] = []
    wheel.expire(through: 1_000, into: &due)
    #expect(due.count == 1 && due.first === timers[50])
  }

  @Test func timeInThePastAndBeyondReach() throws {
    let loop = try EventLoop(name: "never run")
    var wheel = TimerWheel(startTick: 1000)
    let past = LoopTimer(on: loop) {}
    let far = LoopTimer(on: loop) {}
    wheel.insert(past, tick: 3)
    wheel.insert(far, tick: .max / 2)
    var due: [LoopTimer] = []
    wheel.expire(through: 1001, into: &due)
    #expect(due.count == 1 && due.first === past)
    wheel.remove(far)
    let rest = wheel.nextTick()
    #expect(rest == nil)
  }
}
