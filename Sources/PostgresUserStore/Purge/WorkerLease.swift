import Postgres

/// A lease on work that one replica at a time should do: a row of `worker_leases` that expires by itself. It keeps
/// replicas from doing the same work twice, but it is not a lock: two replicas may believe at once that they hold it.
struct WorkerLease: Sendable {
  /// The lease's name in `worker_leases`.
  let name: String
  /// How long the lease lasts unless it is extended.
  let duration: Duration
  /// Identifies this holder: a random id, made at initialization.
  private let holder: PostgresValue

  init(_ name: String, duration: Duration) {
    self.name = name
    self.duration = duration
    holder = .uuid(.random(in: 1 ... .max), .random(in: 0 ... .max))
  }

  /// Takes the lease, or extends it; takes effect when the transaction commits. Never waits for a lock on the row.
  /// - Returns: false if another holder has the lease.
  nonisolated(nonsending) func take(in transaction: PostgresTransaction) async throws(PostgresError) -> Bool {
    let rows = try await transaction.query(
      PurgeSQL.takeLease, [.text(name), holder, .int64(Int64(duration / .microseconds(1)))])
    return !rows.isEmpty
  }
}
