import Postgres

/// The SQL of the purge. It never waits for row locks: users whose rows are locked are left for a later batch.
enum PurgeSQL {
  /// Whether any user is due for removal; an idle worker polls this. min() reads only the first entry of the index.
  /// With EXISTS, Postgres would scan the table when its statistics promise many matches.
  static let isDue = Statement(
    "purge_is_due", "SELECT COALESCE(min(purge_time) <= now(), false) FROM users", isReadOnly: true)

  static let count = Statement(
    "purge_count", "SELECT count(*) FROM users WHERE purge_time <= now()", isReadOnly: true)

  /// Sets a short lock_timeout for the current transaction, for locks on the table. It skips locked rows anyway.
  static let lockTimeout = Statement("purge_lock_timeout", "SELECT set_config('lock_timeout', '200ms', true)")

  /// Removes at most $1 users. A user that is being undeleted, or was undeleted just before, stays: Postgres skips a
  /// locked row, and checks the condition again on a row that has changed. ARRAY() makes Postgres evaluate the subquery
  /// once, whatever plan it chooses.
  static let delete = Statement(
    "purge_delete",
    UserSQL.withPurgeEvents(
      """
      DELETE FROM users WHERE purge_time <= now() AND id = ANY (ARRAY(
        SELECT id FROM users WHERE purge_time <= now() ORDER BY purge_time LIMIT $1 FOR UPDATE SKIP LOCKED))
      """))

  /// Takes or extends a lease. $1: the lease's name, $2: the holder, $3: its duration in microseconds. Returns a row if
  /// the holder has the lease now.
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
