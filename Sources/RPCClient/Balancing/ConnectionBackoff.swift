internal import Primitives

/// How long a client waits before it connects again to an address that did not accept.
///
/// The time counts from the beginning of an attempt: if an attempt took longer than that, the next one follows at once.
/// A connection that is established resets the backoff.
/// https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md
public struct ConnectionBackoff: Sendable {
  /// The time after the first failure, before jitter.
  public var initial: Duration = .seconds(1)
  /// The factor by which each further failure multiplies the time.
  public var multiplier = 1.6
  /// The longest time, before jitter.
  public var maximum: Duration = .seconds(120)
  /// The part of the time by which it is shortened or prolonged at random.
  public var jitter = 0.2

  /// gRPC's defaults: 1 s, times 1.6, up to 120 s, plus or minus 20 %.
  public init() {}

  /// Nanoseconds after the beginning of an attempt, when `failures` attempts have failed in a row.
  func delay(failures: Int, using random: inout some RandomNumberGenerator) -> UInt64 {
    let limit = Double(maximum.clampedNanoseconds)
    var time = Double(initial.clampedNanoseconds)
    // After 64 failures any useful multiplier has reached the limit.
    for _ in 0..<min(max(failures - 1, 0), 64) where time < limit { time *= max(multiplier, 1) }
    let share = max(0, min(jitter, 1))
    let factor = share == 0 ? 1 : Double.random(in: (1 - share)...(1 + share), using: &random)
    return UInt64(max(0, min(min(time, limit) * factor, 1e18)))
  }
}
