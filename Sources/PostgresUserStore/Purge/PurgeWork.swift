import EventLoop
public import Logging
import Synchronization

/// What the background worker `purge` does: it removes users whose purge time has passed, a batch a turn, while no
/// other replica does, and looks for more from time to time.
public final class PurgeWork: Sendable {
  /// Of its time, so that callers hardly notice a purge of very many users: a fifth is work.
  private static let restPerWork = 4
  private static let longestRest = Duration.seconds(5)

  private let purge: UserPurge
  private let interval: Duration
  private let logger: Logger
  /// Since the last line of the log.
  private let removed = Mutex(0)

  /// The work of the worker `purge`.
  /// - Parameter interval: how long it rests when nobody is left to be removed, give or take a fifth.
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
