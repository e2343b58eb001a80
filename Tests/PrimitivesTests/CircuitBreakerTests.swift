import Primitives
import Testing

@Suite struct CircuitBreakerTests {
  private let second: UInt64 = 1_000_000_000

  @Test func opensAfterFailuresAndClosesWithAConnection() {
    var breaker = CircuitBreaker(now: 0)
    #expect(breaker.connected() == .none)
    breaker.lost(now: 10)
    #expect(!breaker.isOpen)
    #expect(breaker.connectFailed(now: 11) == .none)
    #expect(breaker.connectFailed(now: 12) == .none)
    #expect(breaker.connectFailed(now: 13) == .opened)
    #expect(breaker.isOpen)
    #expect(breaker.connectFailed(now: 14) == .none)
    #expect(breaker.connected() == .closed)
    #expect(!breaker.isOpen)
  }

  @Test func opensWhenAttemptsHang() {
    var breaker = CircuitBreaker(now: 5)
    #expect(breaker.tick(now: 5 + second - 1) == .none)
    #expect(breaker.tick(now: 5 + second) == .opened)
  }

  @Test func staysClosedWhileOneConnectionLives() {
    var breaker = CircuitBreaker(now: 0)
    _ = breaker.connected()
    _ = breaker.connected()
    breaker.lost(now: 1)
    for time in 2..<20 { #expect(breaker.connectFailed(now: UInt64(time)) == .none) }
    #expect(breaker.tick(now: 100 * second) == .none)
    breaker.lost(now: 100 * second)
    #expect(breaker.tick(now: 101 * second) == .opened)
  }
}
