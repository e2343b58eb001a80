import EventLoop
public import Postgres

/// Removes users for good whose purge time has passed, deleted ones all, in small transactions. Their ids and emails
/// are free then. Any number of processes may do so at once.
public struct UserPurge: Sendable {
  /// Users that a transaction removes, if nobody says otherwise.
  public static let defaultBatchSize = 500
  /// What a transaction may take before it is given up.
  private static let timeLimit = Duration.seconds(20)

  private let client: PostgresClient
  /// Users that a transaction removes at most.
  public let batchSize: Int
  private let lease = WorkerLease("purge", duration: .seconds(30))

  /// - Parameter batchSize: how many users a transaction removes; at least 1.
  public init(client: PostgresClient, batchSize: Int = defaultBatchSize) {
    self.client = client
    self.batchSize = max(1, batchSize)
  }

  /// How many users are to be removed now.
  public nonisolated(nonsending) func count() async throws -> Int {
    try await client.query(PurgeSQL.count).first?.decode(0) ?? 0
  }

  /// Whether there is anybody to be removed. One look at an index.
  nonisolated(nonsending) func isDue() async throws -> Bool {
    try await client.query(PurgeSQL.isDue).first?[0].bool ?? false
  }

  /// Removes those whose time came first, as many as a batch may have. Skips those whose rows others hold.
  /// - Parameter takesTurns: removes nobody while another process has the lease.
  /// - Returns: how many were removed.
  /// - Throws: `PostgresError`, `lockNotAvailable` while somebody holds a lock on the whole table.
  public nonisolated(nonsending) func removeBatch(takesTurns: Bool = false) async throws -> Int {
    let end = MonotonicClock.nanoseconds.saturatingAdd(Self.timeLimit.clampedNanoseconds)
    return try await client.withTransaction(deadline: end) { transaction in
      try await transaction.query(PurgeSQL.lockTimeout)
      if takesTurns, try await !lease.take(in: transaction) { return 0 }
      return try await transaction.query(PurgeSQL.delete, [.int64(Int64(batchSize))]).affected
    }
  }
}
