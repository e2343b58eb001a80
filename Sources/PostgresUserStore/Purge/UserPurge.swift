import EventLoop
public import Postgres
import Primitives

/// Permanently removes deleted users whose purge time has passed, in small transactions. Their ids and emails can then
/// be used again. Any number of processes may run it at the same time.
public struct UserPurge: Sendable {
  /// How many users one transaction removes at most, by default.
  public static let defaultBatchSize = 500
  /// The deadline of each transaction, from its start.
  private static let timeLimit = Duration.seconds(20)

  private let client: PostgresClient
  /// How many users one transaction removes at most.
  public let batchSize: Int
  private let lease = WorkerLease("purge", duration: .seconds(30))

  /// - Parameter batchSize: how many users one transaction removes at most; at least 1.
  public init(client: PostgresClient, batchSize: Int = defaultBatchSize) {
    self.client = client
    self.batchSize = max(1, batchSize)
  }

  /// How many users are due for removal now.
  /// - Throws: `PostgresError`.
  public nonisolated(nonsending) func count() async throws -> Int {
    try await client.query(PurgeSQL.count).first?.decode(0) ?? 0
  }

  /// Whether any user is due for removal. Costs one index lookup.
  /// - Throws: `PostgresError`.
  nonisolated(nonsending) func isDue() async throws -> Bool {
    try await client.query(PurgeSQL.isDue).first?[0].bool ?? false
  }

  /// Removes one batch of users, those with the earliest purge times first. Skips users whose rows are locked.
  /// - Parameter takesTurns: whether to remove nothing while another process holds the lease.
  /// - Returns: how many users were removed.
  /// - Throws: `PostgresError`: `lockNotAvailable` while another session holds a lock on the whole table.
  public nonisolated(nonsending) func removeBatch(takesTurns: Bool = false) async throws -> Int {
    let end = MonotonicClock.nanoseconds.saturatingAdd(Self.timeLimit.clampedNanoseconds)
    return try await client.withTransaction(deadline: end) { transaction in
      try await transaction.query(PurgeSQL.lockTimeout)
      if takesTurns, try await !lease.take(in: transaction) { return 0 }
      return try await transaction.query(PurgeSQL.delete, [.int64(Int64(batchSize))]).count
    }
  }
}
