import Primitives
import Testing

@testable import EventLoop

@Suite struct WorkerMachineTests {
  private var machine = WorkerMachine(backoff: Backoff(first: .seconds(1), limit: .seconds(8)))
  private var random = SystemRandomNumberGenerator()

  private mutating func fail(_ error: String, at now: UInt64) -> Duration? {
    guard case .wait(let time) = machine.failed(error, now: now, using: &random) else { return nil }
    return time
  }

  @Test mutating func worksAndRestsInTurns() {
    #expect(machine.wake() == .none)
    #expect(machine.start() == .run)
    #expect(machine.start() == .none)
    #expect(machine.state.phase == .running && machine.state.lastSuccess == nil)
    #expect(machine.succeeded(pause: .seconds(5), now: 7) == .wait(.seconds(5)))
    #expect(machine.state.phase == .waiting && machine.state.lastSuccess == 7)
    #expect(machine.wake() == .run)
    #expect(machine.succeeded(pause: .seconds(6), now: 9) == .wait(.seconds(6)))
    #expect(machine.state.lastSuccess == 9)
  }

  /// What it is woken for while it works may have come too late for that turn.
  @Test mutating func wokenAtWorkItGoesOnAtOnce() {
    _ = machine.start()
    #expect(machine.wake() == .none)
    #expect(machine.succeeded(pause: .seconds(5), now: 1) == .wait(.zero))
    #expect(machine.wake() == .run)
    #expect(machine.succeeded(pause: .seconds(5), now: 2) == .wait(.seconds(5)))
  }

  @Test mutating func failuresRestLongerAndLongerAndAreForgottenAfterASuccess() throws {
    _ = machine.start()
    for (index, whole) in [1, 2, 4, 8, 8, 8].enumerated() {
      let rest = try #require(fail("error \(index)", at: UInt64(100 + index)))
      #expect(rest >= .seconds(whole) / 2 && rest <= .seconds(whole))
      #expect(machine.state.failedSince == 100 && machine.state.failures == index + 1)
      #expect(machine.state.lastError == "error \(index)" && machine.state.isFailing)
      #expect(machine.wake() == .run)
    }
    #expect(machine.succeeded(pause: .seconds(5), now: 200) == .wait(.seconds(5)))
    #expect(!machine.state.isFailing && machine.state.failures == 0 && machine.state.lastError == "error 5")
    _ = machine.wake()
    let rest = try #require(fail("again", at: 300))
    #expect(rest <= .seconds(1) && machine.state.failedSince == 300)
  }

  /// However its work ended, it begins nothing more once it was told to stop.
  @Test(arguments: [false, true]) mutating func stoppedAtWorkItWaitsForItsEnd(fails: Bool) {
    _ = machine.start()
    #expect(machine.stop() == .cancel)
    #expect(machine.stop() == .none)
    #expect(machine.wake() == .none)
    if fails {
      #expect(machine.failed("cancelled", now: 1, using: &random) == .finish)
    } else {
      #expect(machine.succeeded(pause: .zero, now: 1) == .finish)
    }
    #expect(machine.state.phase == .stopped && !machine.state.isFailing)
    #expect(machine.stop() == .finish)
    #expect(machine.start() == .none && machine.wake() == .none)
  }

  @Test mutating func stoppedAtRestItEndsAtOnce() {
    _ = machine.start()
    _ = machine.succeeded(pause: .seconds(5), now: 1)
    #expect(machine.stop() == .finish)
    #expect(machine.wake() == .none)
  }

  @Test mutating func neverStartedItCanBeStopped() {
    #expect(machine.stop() == .finish)
    #expect(machine.start() == .none)
  }
}
