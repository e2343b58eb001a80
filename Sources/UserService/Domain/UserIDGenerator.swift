import Glibc
import Synchronization

/// Makes UUIDs of version 7: milliseconds since 1970, a counter, and random bits. New users are therefore neighbours in
/// the primary key's index, in the order of their creation.
/// https://www.rfc-editor.org/rfc/rfc9562#section-5.7, counter as in section 6.2, method 1.
///
/// The ids of a generator always increase, even if the clock stands still or is set back. Any thread may call it, and
/// none waits for another: the state is one atomic word.
public final class UserIDGenerator: Sendable {
  /// The last timestamp and counter given out: 48 bits of milliseconds over 12 bits of counter.
  private let last = Atomic<UInt64>(0)
  private let clock: @Sendable () -> UInt64
  private let chance: @Sendable () -> UInt64

  /// A generator that uses the system's clock and random numbers.
  public convenience init() {
    self.init(clock: Self.milliseconds, chance: { UInt64.random(in: .min ... .max) })
  }

  /// - Parameters:
  ///   - clock: milliseconds since 1970.
  ///   - chance: 64 random bits.
  init(clock: @escaping @Sendable () -> UInt64, chance: @escaping @Sendable () -> UInt64) {
    self.clock = clock
    self.chance = chance
  }

  /// The next id, greater than all before it from this generator. Any thread.
  public func next() -> UserID {
    let tick = nextTick()
    let random = chance()
    let (milliseconds, counter) = (tick >> 12, tick & 0xfff)
    let high = milliseconds << 16 | 0x7000 | counter
    let low = 0x8000_0000_0000_0000 | random >> 2
    return UserID(high: high, low: low)
  }

  /// Each millisecond starts its counter at a random value in the lower half. A counter that overflows continues in the
  /// next millisecond: the timestamp is then a little ahead of the clock, as the RFC allows.
  private func nextTick() -> UInt64 {
    let mask: UInt64 = (1 << 60) - 1
    let now = (clock() & 0xffff_ffff_ffff) << 12
    var seen = last.load(ordering: .relaxed)
    while true {
      // Random numbers cost a system call.
      let tick = now > seen ? now | (chance() & 0x7ff) : (seen + 1) & mask
      let (exchanged, original) = last.weakCompareExchange(expected: seen, desired: tick, ordering: .relaxed)
      if exchanged { return tick }
      seen = original
    }
  }

  private static func milliseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return UInt64(clamping: time.tv_sec) &* 1000 &+ UInt64(clamping: time.tv_nsec / 1_000_000)
  }
}
