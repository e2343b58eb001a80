import HTTP
@testable import RPCServer
import Testing

/// What time does to a connection, without any passing. Times are in nanoseconds, and small.
@Suite struct ConnectionLifeTests {
  private func life(jitter: Double = 0, _ configure: (inout LifeLimits) -> Void = { _ in }) -> ConnectionLife {
    var limits = LifeLimits.none
    configure(&limits)
    return ConnectionLife(limits, start: 1000, jitter: jitter)
  }

  private func snapshot(_ now: UInt64, received: UInt64 = 0) -> ConnectionLife.Snapshot {
    ConnectionLife.Snapshot(now: now, lastReceived: max(received, 1000))
  }

  @Test func withoutLimitsNothingEverHappens() {
    var life = life()
    var snapshot = snapshot(.max)
    snapshot.hasSettings = false
    snapshot.headersSince = 0
    snapshot.stalledSince = 0
    snapshot.idleSince = 0
    #expect(life.check(snapshot) == .goOn)
  }

  @Test(arguments: [(1099, false), (1100, true)] as [(UInt64, Bool)])
  func settingsMustCome(now: UInt64, isOver: Bool) {
    var life = life { $0.handshake = 100 }
    var late = snapshot(now)
    late.hasSettings = false
    #expect(life.check(late) == (isOver ? .fail(.settingsTimeout, "no SETTINGS came in time") : .goOn))
    #expect(self.life { $0.handshake = 100 }.checked(snapshot(now)) == .goOn)
  }

  @Test(arguments: [(2099, false), (2100, true)] as [(UInt64, Bool)])
  func aHeaderSectionMustEnd(now: UInt64, isOver: Bool) {
    var late = snapshot(now)
    late.headersSince = 2000
    let verdict = life { $0.header = 100 }.checked(late)
    #expect(verdict == (isOver ? .fail(.enhanceYourCalm, "a header section was not completed in time") : .goOn))
  }

  @Test func whoDoesNotReadItsGoAwayIsClosed() {
    var life = life { $0.header = 100 }
    var late = snapshot(2100)
    late.headersSince = 2000
    #expect(life.check(late) != .goOn)
    late.headersSince = nil
    #expect(life.check(late) == .close("the client did not read why its connection ends"))
  }

  @Test(arguments: [(2099, false), (2100, true)] as [(UInt64, Bool)])
  func outputMustMove(now: UInt64, isOver: Bool) {
    var late = snapshot(now)
    late.stalledSince = 2000
    #expect(life { $0.writeStall = 100 }.checked(late) == (isOver ? .close("the client does not read") : .goOn))
  }

  // MARK: Keepalive

  @Test func aSilentPeerIsPingedAndGivenUp() {
    var life = life {
      $0.keepAliveInterval = 100
      $0.keepAliveTimeout = 20
    }
    #expect(life.check(snapshot(1099)) == .goOn)
    #expect(life.check(snapshot(1100)) == .ping)
    #expect(life.check(snapshot(1119)) == .goOn)
    #expect(life.check(snapshot(1120)) == .close("the client did not answer a PING"))
  }

  @Test func whateverAPeerSaysIsAnAnswer() {
    var life = life {
      $0.keepAliveInterval = 100
      $0.keepAliveTimeout = 20
    }
    var now: UInt64 = 1100
    for _ in 0..<50 {
      #expect(life.check(snapshot(now, received: now - 100)) == .ping)
      #expect(life.check(snapshot(now + 20, received: now)) == .goOn)
      #expect(life.check(snapshot(now + 99, received: now)) == .goOn)
      now += 100
    }
  }

  /// A PING behind output that waits would only measure the output; that has its own time.
  @Test func noPingGoesBehindWaitingOutput() {
    var life = life {
      $0.keepAliveInterval = 100
      $0.writeStall = 1000
    }
    var stalled = snapshot(1500)
    stalled.stalledSince = 1400
    #expect(life.check(stalled) == .goOn)
    stalled.stalledSince = nil
    #expect(life.check(stalled) == .ping)
  }

  // MARK: Idle and age

  @Test func anIdleConnectionIsDrainedOnce() {
    var life = life { $0.idle = 100 }
    var idle = snapshot(2099)
    idle.idleSince = 2000
    #expect(life.check(idle) == .goOn)
    idle.now = 2100
    #expect(life.check(snapshot(2100)) == .goOn)
    #expect(life.check(idle) == .drain)
    #expect(life.check(idle) == .goOn)
  }

  @Test func anOldConnectionIsDrainedAndThenClosed() {
    var life = life {
      $0.age = 100
      $0.ageGrace = 50
    }
    #expect(life.check(snapshot(1099)) == .goOn)
    #expect(life.check(snapshot(1100)) == .drain)
    #expect(life.check(snapshot(1149)) == .goOn)
    #expect(life.check(snapshot(1150)) == .close("its calls outlived its age"))
  }

  @Test func withoutGraceOldCallsMayFinish() {
    var life = life { $0.age = 100 }
    #expect(life.check(snapshot(1100)) == .drain)
    #expect(life.check(snapshot(.max / 2)) == .goOn)
  }

  /// A connection that is idle may yet grow too old, with a call that came before it read the GOAWAY.
  @Test func ageEndsADrainToo() {
    var life = life {
      $0.idle = 10
      $0.age = 100
      $0.ageGrace = 50
    }
    var idle = snapshot(1010)
    idle.idleSince = 1000
    #expect(life.check(idle) == .drain)
    #expect(life.check(snapshot(1100)) == .drain)
    #expect(life.check(snapshot(1150)) == .close("its calls outlived its age"))
  }

  @Test(arguments: [(-1.0, 900), (-7, 900), (0, 1000), (0.5, 1050), (1, 1100), (99, 1100)] as [(Double, UInt64)])
  func jitterMovesTheAgeByATenthAtMost(jitter: Double, age: UInt64) {
    #expect(life(jitter: jitter) { $0.age = 1000 }.checked(snapshot(1000 + age - 1)) == .goOn)
    #expect(life(jitter: jitter) { $0.age = 1000 }.checked(snapshot(1000 + age)) == .drain)
  }

  // MARK: Limits

  @Test func theDefaultsAreThoseOfTheDocuments() {
    let limits = LifeLimits(ConnectionTimes())
    #expect(limits.keepAliveInterval == 7_200_000_000_000)
    #expect(limits.keepAliveTimeout == 20_000_000_000)
    #expect(limits.idle == nil && limits.age == nil && limits.ageGrace == nil)
    #expect(limits.period == 5_000_000_000)
    #expect(
      PingPolicy(ConnectionTimes())
        == PingPolicy(
          interval: 300_000_000_000, intervalWithoutCalls: 7_200_000_000_000, strikes: 2))
  }

  @Test func absurdTimesAreHarmless() {
    var times = ConnectionTimes()
    times.age = .seconds(Int64.max)
    times.idle = .seconds(-1)
    times.header = .zero
    let limits = LifeLimits(times)
    #expect(limits.period == 1_000_000)
    #expect(ConnectionLife(limits, start: .max - 5, jitter: 1).checked(snapshot(1000)) == .goOn)
  }

  @Test func withoutLimitsThereIsNoTimer() {
    #expect(LifeLimits.none.period == nil)
  }
}

extension ConnectionLife {
  fileprivate func checked(_ snapshot: Snapshot) -> Verdict {
    var copy = self
    return copy.check(snapshot)
  }
}

extension LifeLimits {
  fileprivate static var none: LifeLimits {
    var times = ConnectionTimes()
    times.handshake = nil
    times.header = nil
    times.writeStall = nil
    times.responseStall = nil
    times.keepAliveInterval = nil
    times.keepAliveTimeout = .zero
    return LifeLimits(times)
  }
}
