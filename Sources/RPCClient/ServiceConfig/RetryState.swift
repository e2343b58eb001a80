internal import Primitives
internal import RPCCore

/// The retries of one call. Pure.
struct RetryState {
  /// What the server says of the next attempt, by `grpc-retry-pushback-ms`.
  enum Pushback: Equatable {
    case none
    /// Retry after so many nanoseconds.
    case after(UInt64)
    /// Don't retry.
    case never

    /// A value that can't be parsed means never.
    init(_ text: String?) {
      guard let text else {
        self = .none
        return
      }
      guard let milliseconds = Int32(text), milliseconds >= 0 else {
        self = .never
        return
      }
      self = .after(UInt64(milliseconds) * 1_000_000)
    }
  }

  static let mostAttempts = 5

  let policy: RetryPolicy
  /// Attempts that have failed.
  private(set) var failures = 0
  /// Waits since the server last named one.
  private var backoffs = 0

  init(_ policy: RetryPolicy) { self.policy = policy }

  /// Whether such a failure costs a token.
  func isCharged(_ code: StatusCode, _ pushback: Pushback) -> Bool {
    policy.codes.contains(code) || pushback == .never
  }

  /// An attempt has failed.
  /// - Returns: how long to wait before the next one, in nanoseconds; nil: there is none.
  mutating func failed(
    _ code: StatusCode, _ pushback: Pushback, isAllowed: Bool, using random: inout some RandomNumberGenerator
  ) -> UInt64? {
    failures += 1
    guard policy.codes.contains(code), isAllowed, failures < min(policy.maximumAttempts, Self.mostAttempts) else {
      return nil
    }
    switch pushback {
    case .never: return nil
    case .after(let time):
      backoffs = 0
      return time
    case .none:
      var time = Double(policy.initialBackoff.clampedNanoseconds)
      for _ in 0..<backoffs { time *= policy.multiplier }
      backoffs += 1
      let limit = Double(policy.maximumBackoff.clampedNanoseconds)
      return UInt64(max(0, min(time, limit, 1e18) * Double.random(in: 0.8...1.2, using: &random)))
    }
  }
}
