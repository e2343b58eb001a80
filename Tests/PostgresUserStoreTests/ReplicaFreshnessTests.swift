import TestSupport
import Testing

@testable import PostgresUserStore

@Suite struct ReplicaFreshnessTests {
  @Test func isAsFreshAsTheLastPositionThatWasReached() {
    var freshness = ReplicaFreshness()
    freshness.replayed(to: 100)
    #expect(freshness.freshTime == nil)
    freshness.primary(at: 100, time: 1)
    freshness.replayed(to: 99)
    #expect(freshness.freshTime == nil)
    freshness.replayed(to: 100)
    #expect(freshness.freshTime == 1)
    // It lags: it is no fresher, however often it is asked.
    for time in 2...5 as ClosedRange<UInt64> {
      freshness.primary(at: 100 + 10 * time, time: time)
      freshness.replayed(to: 100)
      #expect(freshness.freshTime == 1)
    }
    freshness.replayed(to: 135)
    #expect(freshness.freshTime == 3)
    freshness.replayed(to: 1000)
    #expect(freshness.freshTime == 5)
    freshness.forget()
    #expect(freshness.freshTime == nil)
  }

  /// Nothing is written: the replica is as fresh as the last question.
  @Test func anIdlePrimaryMakesNoReplicaOld() {
    var freshness = ReplicaFreshness()
    for time in 1...5000 as ClosedRange<UInt64> {
      freshness.primary(at: 7, time: time)
      freshness.replayed(to: 7)
      #expect(freshness.freshTime == time)
    }
  }

  /// A replica that hangs for hours costs a bounded number of samples, and comes back.
  @Test func samplesAreBounded() {
    var freshness = ReplicaFreshness()
    freshness.primary(at: 1, time: 1)
    freshness.replayed(to: 1)
    for time in 2...10_000 as ClosedRange<UInt64> {
      freshness.primary(at: time, time: time)
      freshness.replayed(to: 1)
    }
    #expect(freshness.freshTime == 1)
    freshness.replayed(to: 10_000 - UInt64(ReplicaFreshness.maximumSamples))
    #expect(freshness.freshTime == 1)
    freshness.replayed(to: 9_990)
    #expect(freshness.freshTime == 9_990)
  }

  /// Never fresher than what was written before: compared with a model, over random histories.
  @Test func neverTooFresh() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<100 {
      var freshness = ReplicaFreshness()
      var (written, replayed): (UInt64, UInt64) = (0, 0)
      var history: [(time: UInt64, written: UInt64)] = []
      for time in 1...200 as ClosedRange<UInt64> {
        written += .random(in: 0...3, using: &random)
        history.append((time, written))
        freshness.primary(at: written, time: time)
        replayed += .random(in: 0...(written - replayed), using: &random)
        freshness.replayed(to: replayed)
        if let fresh = freshness.freshTime {
          // All that was written at that time has been replayed.
          #expect(history[Int(fresh) - 1].written <= replayed, "seed \(seed)")
        }
      }
    }
  }
}
