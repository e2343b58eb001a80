import RPCCore
import Testing

@Suite struct DeadlineTests {
  private func parse(_ text: String) -> UInt64? { Array(text.utf8).withUnsafeBytes { GRPCTimeout.parse($0) } }

  @Test(
    arguments: [
      ("1n", 1), ("1u", 1_000), ("1m", 1_000_000), ("1S", 1_000_000_000), ("1M", 60_000_000_000),
      ("1H", 3_600_000_000_000),
      ("0S", 0), ("00000001S", 1_000_000_000), ("99999999n", 99_999_999), ("99999999S", 99_999_999_000_000_000),
      ("5124095H", 18_446_742_000_000_000_000),
    ] as [(String, UInt64)])
  func timeoutsOfEveryUnit(text: String, nanoseconds: UInt64) { #expect(parse(text) == nanoseconds) }

  /// 584 years do not fit 64 bits of nanoseconds, and are for ever.
  @Test(arguments: ["99999999H", "5124096H"])
  func timeoutsThatDoNotFitSaturate(text: String) { #expect(parse(text) == .max) }

  @Test(arguments: [
    "", "1", "S", "123456789S", "000000001S", "-1S", "+1S", "1.5S", "1 S", " 1S", "1S ", "1s", "1h", "1ms", "1SS",
    "0x1S",
    "１S", "1\0", "99999999999999999999H",
  ])
  func malformedTimeoutsAreRefused(text: String) { #expect(parse(text) == nil) }

  @Test func deadlinesSaturate() {
    #expect(Deadline.after(nanoseconds: 5, now: 10) == Deadline(nanoseconds: 15))
    #expect(Deadline.after(nanoseconds: .max, now: 10) == Deadline(nanoseconds: .max))
    #expect(Deadline.after(.seconds(Int64.max)) == Deadline(nanoseconds: .max))
  }

  @Test(arguments: [Duration.zero, .seconds(-1), .nanoseconds(-1)])
  func whatIsNotAheadHasPassed(duration: Duration) {
    let deadline = Deadline.after(duration)
    #expect(deadline.hasPassed)
    #expect(deadline.remaining == .zero)
  }

  @Test func deadlinesCompareByTime() {
    let near = Deadline.after(.seconds(3600)), far = Deadline.after(.seconds(7200))
    #expect(near < far)
    #expect(!near.hasPassed)
    #expect(near.remaining > .zero && near.remaining <= .seconds(3600))
    #expect(Deadline(nanoseconds: .max).remaining > .seconds(1_000_000_000))
  }
}
