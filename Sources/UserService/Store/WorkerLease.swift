import Postgres

/// The right to do what one replica at a time should do: a row of `worker_leases` that ends by itself. It saves
/// replicas doing the same work, and is no lock: two may believe that they have it.
struct WorkerLease: Sendable {
  let name: String
  /// How long it lasts unless it is taken again.
  let duration: Duration
  /// Who this is: another one in each process.
  private let holder: PostgresValue

  init(_ name: String, duration: Duration) {
    self.name = name
    self.duration = duration
    holder = .uuid(.random(in: 1 ... .max), .random(in: 0 ... .max))
  }

  /// Takes it, or prolongs it, when the transaction is committed. Waits for nobody.
  /// - Returns: false if another one has it.
  nonisolated(nonsending) func take(in transaction: PostgresTransaction) async throws(PostgresError) -> Bool {
    let rows = try await transaction.query(
      PurgeSQL.takeLease, [.text(name), holder, .int64(Int64(duration / .microseconds(1)))])
    return !rows.isEmpty
  }
}
