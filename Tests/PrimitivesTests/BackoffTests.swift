import Primitives
import Testing

@Suite struct BackoffTests {
  @Test func doublesToItsLimitWithJitter() {
    var backoff = Backoff(first: .milliseconds(50), limit: .milliseconds(1500))
    var generator = SystemRandomNumberGenerator()
    for whole in [50, 100, 200, 400, 800, 1500, 1500, 1500] {
      let delay = backoff.next(using: &generator)
      #expect(delay >= .milliseconds(whole) / 2 && delay <= .milliseconds(whole))
    }
    for _ in 0..<100 { #expect(backoff.next(using: &generator) <= .milliseconds(1500)) }
    backoff.reset()
    #expect(backoff.next(using: &generator) <= .milliseconds(50))
  }
}
