import EventLoop
public import Logging
import Primitives
import Synchronization

/// The work of the background worker `purge`: removes users whose purge time has passed, a batch each turn, unless
/// another replica is doing so, and looks for more from time to time.
public final class PurgeWork: Sendable {
  /// It works for a fifth of the time, so that callers hardly notice the purge of very many users.
  private static let restPerWork = 4
  private static let longestRest = Duration.seconds(5)

  private let purge: UserPurge
  private let interval: Duration
  private let logger: Logger
  /// How many users were removed since the last log line.
  private let removed = Mutex(0)

  /// The work of the worker `purge`.
  /// - Parameter interval: how long it rests when no user is left to remove, give or take a fifth.
  public init(_ purge: UserPurge, every interval: Duration, logger: Logger) {
    self.purge = purge
    self.interval = interval
    self.logger = logger
  }

  /// One turn.
  /// - Returns: how long to rest until the next one.
  /// - Throws: `PostgresError`.
  public func turn() async throws -> Duration {
    guard try await purge.isDue() else { return idle }
    let begin = MonotonicClock.nanoseconds
    let count = try await purge.removeBatch(takesTurns: true)
    let total = removed.withLock { total in
      total += count
      return total
    }
    if count == purge.batchSize {
      let work = Duration.nanoseconds(Int64(clamping: MonotonicClock.nanoseconds - begin))
      return min(work * Self.restPerWork, Self.longestRest)
    }
    if total > 0 {
      logger.info("Users were removed for good: their purge time had passed.", metadata: ["count": "\(total)"])
      removed.withLock { $0 = 0 }
    }
    return idle
  }

  private var idle: Duration { interval * Double.random(in: 0.8...1.2) }
}
