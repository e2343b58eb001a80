/// How often a peer may send PING.
/// https://github.com/grpc/proposal/blob/master/A8-client-side-keepalive.md#server-enforcement
public struct PingPolicy: Sendable, Hashable {
  /// Nanoseconds that should lie between two PINGs while the connection has calls.
  public var interval: UInt64
  /// The same while it has none.
  public var intervalWithoutCalls: UInt64
  /// PINGs that may come too early; one more ends the connection.
  public var strikes: Int

  /// - Parameters:
  ///   - interval: nanoseconds between PINGs while calls are running.
  ///   - intervalWithoutCalls: nanoseconds between PINGs while none is.
  ///   - strikes: how many PINGs may come too early.
  public init(interval: UInt64, intervalWithoutCalls: UInt64, strikes: Int) {
    self.interval = interval
    self.intervalWithoutCalls = intervalWithoutCalls
    self.strikes = strikes
  }
}

/// Counts the PINGs that come too early. Pure: the time is handed in.
struct PingGuard {
  /// What GOAWAY says; clients know it by this text, and ping half as often from then on.
  static let verdict: StaticString = "too_many_pings"

  private let policy: PingPolicy
  private var lastPing: UInt64?
  private var strikes = 0

  init(_ policy: PingPolicy) { self.policy = policy }

  /// False when it was one too many.
  /// - Parameter hasAnswered: HEADERS or DATA were sent since the last PING. A client that measures its bandwidth pings
  ///   whenever it gets something, and may.
  mutating func ping(now: UInt64, hasCalls: Bool, hasAnswered: Bool) -> Bool {
    defer { lastPing = now }
    if hasAnswered {
      strikes = 0
      return true
    }
    guard let lastPing else { return true }
    let passed = now > lastPing ? now - lastPing : 0
    if passed < (hasCalls ? policy.interval : policy.intervalWithoutCalls) { strikes += 1 }
    return strikes <= policy.strikes
  }
}
