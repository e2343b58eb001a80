import RPCLoad
import TestSupport
import Testing

/// When the calls of an open loop are due.
@Suite struct LoadScheduleTests {
  private func seconds(_ schedule: LoadSchedule, _ call: Int) throws -> Double {
    Double(try #require(schedule.due(call: call))) / 1e9
  }

  private func isNear(_ one: Double, _ other: Double) -> Bool { abs(one - other) < 1e-6 * max(1, abs(other)) }

  @Test func aConstantRate() throws {
    let schedule = LoadSchedule.constant(250)
    #expect(schedule.due(call: 0) == 0)
    #expect(schedule.due(call: 1) == 4_000_000)
    #expect(schedule.due(call: 1_000_000) == 4_000_000_000_000)
  }

  @Test func steps() throws {
    // 10 a second for 2 s, 20 for 2 s, then 30 for ever.
    let schedule = try LoadSchedule.step(start: 10, step: 10, end: 30, stepSeconds: 2, maximumSeconds: nil)
    #expect(isNear(try seconds(schedule, 19), 1.9))
    #expect(isNear(try seconds(schedule, 20), 2))
    #expect(isNear(try seconds(schedule, 40), 3))
    #expect(isNear(try seconds(schedule, 60), 4))
    #expect(isNear(try seconds(schedule, 90), 5))
    #expect(isNear(schedule.rate(at: 3.5), 20))
    #expect(isNear(schedule.rate(at: 400), 30))
  }

  @Test func stepsThatEndWithTheTime() throws {
    let schedule = try LoadSchedule.step(start: 5, step: 5, end: nil, stepSeconds: 1, maximumSeconds: 2.5)
    #expect(isNear(schedule.rate(at: 0.5), 5))
    #expect(isNear(schedule.rate(at: 1.5), 10))
    #expect(isNear(schedule.rate(at: 100), 15))
  }

  @Test func aLine() throws {
    // From 0 by 2 a second: t squared calls until 5 s, then 10 a second.
    let schedule = try LoadSchedule.line(start: 0, slope: 2, end: 10, maximumSeconds: nil)
    #expect(schedule.due(call: 0) == 0)
    #expect(isNear(try seconds(schedule, 9), 3))
    #expect(isNear(try seconds(schedule, 25), 5))
    #expect(isNear(try seconds(schedule, 35), 6))
  }

  @Test func aLineThatFallsToNothingEnds() throws {
    // 10 a second, less by 1 each second: 50 calls in all.
    let schedule = try LoadSchedule.line(start: 10, slope: -1, end: 0, maximumSeconds: nil)
    #expect(isNear(try seconds(schedule, 32), 4))
    #expect(schedule.due(call: 49) != nil)
    #expect(schedule.due(call: 50) == nil)
  }

  @Test func callsAreDueInTheirOrder() throws {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<200 {
      let isRising = Bool.random(using: &random)
      let (low, high) = (Double.random(in: 1...50, using: &random), Double.random(in: 60...500, using: &random))
      let change = Double.random(in: 1...40, using: &random) * (isRising ? 1 : -1)
      let (start, end) = isRising ? (low, high) : (high, low)
      let schedule =
        Bool.random(using: &random)
        ? try LoadSchedule.line(start: start, slope: change, end: end, maximumSeconds: nil)
        : try LoadSchedule.step(
          start: start, step: change, end: end, stepSeconds: Double.random(in: 0.1...3, using: &random),
          maximumSeconds: nil)
      var last: UInt64 = 0
      for call in 0..<2000 {
        let due = try #require(schedule.due(call: call))
        try #require(due >= last)
        // The time to the next one is that of the rate: between the lowest and the highest.
        if call > 0 { try #require(Double(due - last) <= 1e9 / low * 1.001 + 1) }
        last = due
      }
    }
  }

  @Test func whatIsNoLoad() {
    #expect(throws: LoadError.self) {
      try LoadSchedule.line(start: 1, slope: 1, end: nil, maximumSeconds: nil)
    }
    #expect(throws: LoadError.self) {
      try LoadSchedule.line(start: 10, slope: 1, end: 5, maximumSeconds: nil)
    }
    #expect(throws: LoadError.self) {
      try LoadSchedule.step(start: 10, step: 0, end: 20, stepSeconds: 1, maximumSeconds: nil)
    }
    #expect(throws: LoadError.self) {
      try LoadSchedule.step(start: 10, step: 1, end: 20, stepSeconds: 0, maximumSeconds: nil)
    }
    #expect(throws: LoadError.self) {
      try LoadSchedule.step(start: 0, step: 1e-9, end: 20, stepSeconds: 1, maximumSeconds: nil)
    }
    #expect(throws: LoadError.self) {
      try LoadSchedule.line(start: -1, slope: 1, end: 5, maximumSeconds: nil)
    }
  }
}
