public import Postgres
import Primitives

/// The work of the background worker `event-pruning`: removes events that are older than readers may need, a batch each
/// turn. Any number of processes may run it.
public struct FeedPruning: Sendable {
  /// How long events are kept, by default.
  public static let defaultRetention = Duration.seconds(7 * 24 * 3600)
  private static let batchSize = 1000
  private static let period = Duration.seconds(300)
  /// Between batches, so that callers hardly notice.
  private static let rest = Duration.milliseconds(100)

  private let client: PostgresClient
  private let retention: Duration

  /// - Parameter retention: how long events are kept after they were moved into the feed.
  public init(client: PostgresClient, retention: Duration = defaultRetention) {
    self.client = client
    self.retention = retention
  }

  /// Removes one batch.
  /// - Returns: how long to rest until the next one.
  /// - Throws: `PostgresError`.
  public func turn() async throws -> Duration {
    try await removeBatch() < Self.batchSize ? Self.period * Double.random(in: 0.8...1.2) : Self.rest
  }

  /// Removes the oldest events, if they are old enough.
  /// - Returns: how many were removed.
  /// - Throws: `PostgresError`.
  @discardableResult
  public nonisolated(nonsending) func removeBatch() async throws(PostgresError) -> Int {
    let age = retention.clampedNanoseconds / 1000
    return try await client.query(FeedSQL.prune, [.int64(Int64(Self.batchSize)), .int64(Int64(clamping: age))]).affected
  }
}
