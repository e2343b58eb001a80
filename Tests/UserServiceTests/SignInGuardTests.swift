import Testing

@testable import UserService

/// Who guesses is slowed down, and nobody is locked out for good.
@Suite struct SignInGuardTests {
  private static let second: UInt64 = 1_000_000_000
  private let tries = SignInGuard(
    source: .init(burst: 6, refill: .seconds(1)), email: .init(burst: 3, refill: .seconds(10)))

  private func mayTry(_ source: String, _ email: String, at seconds: UInt64) -> Bool {
    tries.delay(source: source, email: email, now: seconds * Self.second) == nil
  }

  private func fail(_ source: String, _ email: String, at seconds: UInt64) {
    tries.failed(source: source, email: email, now: seconds * Self.second)
  }

  @Test func emailsAreGuardedAgainstStrangers() {
    // From many places.
    for index in 0..<3 {
      #expect(mayTry("10.0.0.\(index):1", "ada", at: 100))
      fail("10.0.0.\(index):1", "ada", at: 100)
    }
    #expect(!mayTry("10.0.0.9:1", "ada", at: 100) && mayTry("10.0.0.9:1", "bob", at: 100))
    // It ends by itself, one after the other.
    #expect(!mayTry("10.0.0.9:1", "ada", at: 109) && mayTry("10.0.0.9:1", "ada", at: 110))
    fail("10.0.0.9:1", "ada", at: 110)
    #expect(!mayTry("10.0.0.9:1", "ada", at: 119) && mayTry("10.0.0.9:1", "ada", at: 120))
    #expect(tries.delay(source: "10.0.0.9:1", email: "ada", now: 112 * Self.second) == .seconds(8))
    // It does not get longer than that, whoever goes on.
    for _ in 0..<100 { fail("10.0.1.1:1", "ada", at: 130) }
    #expect(mayTry("10.0.0.9:1", "ada", at: 140))
  }

  @Test func whoHasSignedInBeforeIsNotLockedOut() {
    tries.succeeded(source: "192.0.2.7:1", email: "ada")
    for index in 0..<20 { fail("10.0.0.\(index):1", "ada", at: 100) }
    #expect(!mayTry("10.0.0.50:1", "ada", at: 100) && mayTry("192.0.2.7:2", "ada", at: 100))
    #expect(!mayTry("192.0.2.8:2", "ada", at: 100))
  }

  @Test func sourcesAreSlowedDown() {
    for index in 0..<6 { fail("10.0.0.1:\(index)", "user\(index)", at: 100) }
    #expect(!mayTry("10.0.0.1:99", "somebody", at: 100) && mayTry("10.0.0.2:99", "somebody", at: 100))
    #expect(mayTry("10.0.0.1:99", "somebody", at: 101))
    // Also where it has signed in before.
    tries.succeeded(source: "10.0.0.1:1", email: "ada")
    fail("10.0.0.1:1", "ada", at: 101)
    #expect(!mayTry("10.0.0.1:1", "ada", at: 101))
  }

  @Test(arguments: [
    ("10.0.0.1:5000", "10.0.0.1"), ("unix", "unix"), ("[2001:db8:1:2:3:4:5:6]:5000", "2001:db8:1:2"),
    ("[2001:db8:1:2::6]:5000", "2001:db8:1:2"), ("[2001:db8::6]:5000", "2001:db8"), ("[::1]:5000", ""), ("", ""),
    ("[", "["),
  ])
  func networks(peer: String, network: String) {
    #expect(SignInGuard.network(of: peer) == network)
  }
}
