import TestPeer
import Testing

@testable import HTTP

/// What costs a peer little and us much, sent as frames: the connection is told to calm down.
@Suite struct AbuseTests {
  static let request = Peer.request("/a.B/C")

  enum Attack: String, CaseIterable, Sendable {
    /// Trap 1, CVE-2023-44487.
    case rapidReset = "too many streams were reset"
    /// Trap 2, CVE-2025-8671: frames that make us reset.
    case madeYouReset = "too many streams were in error"
    /// Trap 6.
    case emptyData = "too many small DATA frames"
    /// Trap 7.
    case priority = "too many control frames"

    /// How many rounds are let pass.
    var budget: Int {
      switch self {
      case .rapidReset: 1000
      case .madeYouReset: 100
      case .emptyData: 10_000
      case .priority: 5000
      }
    }

    func round(_ number: Int) -> [Frame] {
      let stream = UInt32(number * 2 + 1)
      return switch self {
      case .rapidReset: [.headers(stream, AbuseTests.request), .reset(stream, 8)]
      // A window that overflows is the stream's error.
      case .madeYouReset:
        [.headers(stream, AbuseTests.request), .windowUpdate(stream, 0x7fff_ffff)]
      case .emptyData: number == 0 ? [.headers(1, AbuseTests.request), .data(1, [])] : [.data(1, [])]
      case .priority: [Frame(.priority, stream: stream, [0, 0, 0, 0, 16])]
      }
    }
  }

  @Test(arguments: Attack.allCases) func endsTheConnection(_ attack: Attack) throws {
    let bench = try SessionBench.started()
    var answer: [Frame] = []
    for number in 0..<(attack.budget - 2) { answer += try bench.answer(attack.round(number)) }
    #expect(answer.of(.goAway).isEmpty, "within the budget")
    var error: HTTP2Error?
    for number in (attack.budget - 2)..<(attack.budget + 10) where error == nil {
      do { _ = try bench.answer(attack.round(number)) } catch let thrown as HTTP2Error { error = thrown }
    }
    #expect(error?.isAbusive == true)
    #expect(error?.reason == attack.rawValue)
    let goAway = try #require(try bench.output().of(.goAway).first)
    #expect(goAway.payload[4..<8] == [0, 0, 0, 0xb])
    #expect(String(decoding: goAway.payload[8...], as: UTF8.self) == attack.rawValue)
  }

  /// Trap 3: a client that cancels half of its calls, and lets the other half be answered, may do so for ever.
  @Test func honestCancelsAreNoAttack() throws {
    let bench = try SessionBench.started()
    var answer: [Frame] = []
    for number in 0..<4000 {
      let cancelled = UInt32(number * 4 + 1)
      let answered = cancelled + 2
      answer += try bench.answer([
        .headers(cancelled, Self.request), .reset(cancelled, 8), .headers(answered, Self.request, end: true),
      ])
      bench.respond(Int32(answered), HeaderFields([":status", "200"]))
      answer += try bench.output()
    }
    #expect(answer.of(.goAway).isEmpty)
  }
}

@Suite struct BudgetTests {
  private let second: UInt64 = 1_000_000_000

  /// How many charges of one it takes at a time.
  private func charges(_ budget: inout AbuseGuard.Budget, now: UInt64) -> Int {
    var count = 0
    while count < 1000, budget.take(now: now) { count += 1 }
    return count
  }

  @Test func isSpentAndRefilledByTime() {
    var budget = AbuseGuard.Budget(capacity: 3, perSecond: 2, now: 0)
    #expect(charges(&budget, now: 0) == 3)
    #expect(charges(&budget, now: second) == 2)
    #expect(charges(&budget, now: second + 1) == 0)
  }

  @Test func neverHoldsMoreThanItsCapacity() {
    var budget = AbuseGuard.Budget(capacity: 2, perSecond: 1000, now: 0)
    budget.giveBack(100)
    #expect(charges(&budget, now: 0) == 2)
    #expect(charges(&budget, now: 1000 * second) == 2)
  }

  @Test func honestWorkGivesBack() {
    var budget = AbuseGuard.Budget(capacity: 2, perSecond: 1, now: 0)
    #expect(charges(&budget, now: 0) == 2)
    budget.giveBack()
    #expect(charges(&budget, now: 0) == 1)
  }

  @Test func aClockThatGoesBackRefillsNothing() {
    var budget = AbuseGuard.Budget(capacity: 1, perSecond: 1000, now: 5 * second)
    #expect(charges(&budget, now: 5 * second) == 1)
    #expect(charges(&budget, now: 4 * second) == 0)
  }
}
