/// How long to wait before the next attempt to connect: doubling from `first` to `limit`, with jitter, so that loops and
/// replicas that lost the database together do not come back together.
struct Backoff {
  let first: Duration
  let limit: Duration
  private(set) var failures = 0

  init(first: Duration, limit: Duration) {
    self.first = first
    self.limit = limit
  }

  /// The delay after one more failure: between a half and the whole of the doubled time.
  mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
    let exponent = min(failures, 20)
    failures += 1
    let whole = min(first * (1 << exponent), limit)
    return whole * Double.random(in: 0.5...1, using: &generator)
  }

  mutating func reset() { failures = 0 }
}
