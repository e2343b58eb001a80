/// How long to wait before the next attempt at what failed: doubling from `first` to `limit`, with jitter, so that
/// those that failed together do not try again together.
public struct Backoff: Sendable {
  /// The longest wait after the first failure.
  public let first: Duration
  /// The longest wait after any number of failures.
  public let limit: Duration
  /// How often it failed since the last `reset()`.
  public private(set) var failures = 0

  /// A backoff that has seen no failure yet. `first` doubles with each failure until it reaches `limit`.
  public init(first: Duration, limit: Duration) {
    self.first = first
    self.limit = limit
  }

  /// The delay after one more failure: between a half and the whole of the doubled time.
  public mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
    let exponent = min(failures, 20)
    failures += 1
    let whole = min(first * (1 << exponent), limit)
    return whole * Double.random(in: 0.5...1, using: &generator)
  }

  /// Forgets all failures: call it when an attempt has succeeded.
  public mutating func reset() { failures = 0 }
}
