import Primitives
import Testing

@Suite struct MonotonicClockTests {
  @Test func doesNotGoBack() {
    var before = MonotonicClock.nanoseconds
    for _ in 0..<1000 {
      let now = MonotonicClock.nanoseconds
      #expect(now >= before)
      before = now
    }
  }

  @Test func durationsAreCutAtBothEnds() {
    #expect(Duration.zero.clampedNanoseconds == 0)
    #expect(Duration.seconds(-1).clampedNanoseconds == 0)
    #expect(Duration.nanoseconds(-1).clampedNanoseconds == 0)
    #expect((Duration.seconds(1) + .nanoseconds(5)).clampedNanoseconds == 1_000_000_005)
    #expect(Duration.seconds(Int64.max).clampedNanoseconds == .max)
    #expect(Duration.seconds(18_446_744_073).clampedNanoseconds == 18_446_744_073_000_000_000)
    #expect(Duration.seconds(18_446_744_074).clampedNanoseconds == .max)
  }

  @Test func sumsStayInTheFuture() {
    #expect(UInt64(1).saturatingAdd(2) == 3)
    #expect(UInt64.max.saturatingAdd(1) == .max)
  }

  @Test func isPastALimit() {
    #expect(UInt64(15).isPast(10, by: 5) && !UInt64(14).isPast(10, by: 5))
    #expect(!UInt64(15).isPast(10, by: nil))
    // A start that lies ahead, as after a reading of another thread.
    #expect(!UInt64(5).isPast(10, by: 0))
  }
}
