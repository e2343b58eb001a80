/// How fresh a replica is: since when, at most, it lacks changes. Pure.
///
/// It compares positions in the write-ahead log instead of clocks: where the primary was at some moment, and how far
/// the replica has replayed since. So it needs no clocks that agree, and an idle primary makes no replica look old.
struct ReplicaFreshness: Sendable {
  /// More would be minutes of a replica that lags; then it is as old as the last position that it has reached.
  static let maximumSamples = 600

  /// Where the primary was, and when that was asked for; in the order of time.
  private var samples: [(time: UInt64, position: UInt64)] = []
  /// The replica has all changes that were answered before this moment. CLOCK_MONOTONIC in nanoseconds; nil: not known.
  private(set) var freshTime: UInt64?

  /// The primary was at a position of its log.
  /// - Parameter time: before the primary was asked.
  mutating func primary(at position: UInt64, time: UInt64) {
    samples.append((time, position))
    if samples.count > Self.maximumSamples { samples.removeFirst() }
  }

  /// The replica has replayed the log up to a position. Ask it after the primary.
  mutating func replayed(to position: UInt64) {
    guard let last = samples.lastIndex(where: { $0.position <= position }) else { return }
    freshTime = samples[last].time
    samples.removeFirst(last + 1)
  }

  /// The server is no replica any more, or the primary has another history: what was known of it is worth nothing.
  mutating func forget() {
    samples = []
    freshTime = nil
  }
}
