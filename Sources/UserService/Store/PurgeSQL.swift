import Postgres

/// The SQL of the purge. It waits for nobody: users whose rows others hold are left for the next time.
enum PurgeSQL {
  /// Whether any user's time has come: what an idle worker asks. The first entry of the index tells; EXISTS would
  /// rather read the table where many are to be expected by its statistics.
  static let isDue = Statement(
    "purge_is_due", "SELECT COALESCE(min(purge_time) <= now(), false) FROM users", isReadOnly: true)

  static let count = Statement(
    "purge_count", "SELECT count(*) FROM users WHERE purge_time <= now()", isReadOnly: true)

  /// For the transaction that it begins: rows are not waited for at all, a lock on the table only shortly.
  static let lockTimeout = Statement("purge_lock_timeout", "SELECT set_config('lock_timeout', '200ms', true)")

  /// Removes at most $1 users. An undeletion that holds the row, or that came first, keeps its user: the row is
  /// skipped, or checked again as the undeletion left it. The subquery is evaluated once, in whatever plan.
  static let delete = Statement(
    "purge_delete",
    """
    DELETE FROM users WHERE purge_time <= now() AND id = ANY (ARRAY(
      SELECT id FROM users WHERE purge_time <= now() ORDER BY purge_time LIMIT $1 FOR UPDATE SKIP LOCKED))
    """)

  /// $1: which work, $2: who asks, $3: for how many microseconds. A row if it is his now.
  static let takeLease = Statement(
    "worker_lease_take",
    """
    WITH free AS (
      SELECT name FROM worker_leases WHERE name = $1 AND (holder = $2 OR expire_time <= now()) FOR UPDATE SKIP LOCKED)
    UPDATE worker_leases SET holder = $2, expire_time = now() + $3::bigint * interval '1 microsecond'
    FROM free WHERE worker_leases.name = free.name
    RETURNING worker_leases.name
    """)
}
