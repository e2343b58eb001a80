import Postgres

/// The SQL of the feed of events.
enum FeedSQL {
  // MARK: Moving

  /// Whether any event waits to be moved, on a server that takes writes. min() reads one entry of the index, whatever
  /// the statistics say.
  static let isPending = Statement(
    "feed_is_pending",
    "SELECT min(id) IS NOT NULL AND current_setting('transaction_read_only') = 'off' FROM user_events", isReadOnly: true
  )

  /// Sets limits for the transaction: a process that has lost its machine must not hold the head for long.
  static let limits = Statement(
    "feed_limits", "SELECT set_config('idle_in_transaction_session_timeout', '10s', true)")

  /// Locks the head and returns its position. No row while another process has it. The statement after it sees all that
  /// the process before has moved, because its snapshot is taken with the lock held.
  static let lockHead = Statement(
    "feed_lock_head", "SELECT position FROM user_feed_head FOR UPDATE SKIP LOCKED")

  /// Moves at most $1 events behind position $2, and returns how many. $3: the stamp.
  ///
  /// It takes those of the lowest ids that are visible. An id that becomes visible later belongs to a user whose events
  /// with higher ids are not visible before: its row is locked from before the id is drawn until its commit.
  static let move = Statement(
    "feed_move",
    """
    WITH next AS MATERIALIZED (
      SELECT id, user_id, kind, version, fields, author, time FROM user_events ORDER BY id LIMIT $1
    ), removed AS (
      DELETE FROM user_events WHERE id = ANY (ARRAY(SELECT id FROM next))
    ), moved AS (
      INSERT INTO user_feed (position, stamp, user_id, kind, version, fields, author, time)
      SELECT $2::bigint + row_number() OVER (ORDER BY id), $3, user_id, kind, version, fields, author, time FROM next
    ), head AS (
      UPDATE user_feed_head SET position = $2::bigint + (SELECT count(*) FROM next), stamp = $3
      WHERE EXISTS (SELECT FROM next)
    )
    SELECT count(*) FROM next
    """)

  /// Wakes those who listen. At the end of the transaction that moves, and in no other: a NOTIFY makes the commits of
  /// all that notify wait for each other.
  static let notify = Statement("feed_notify", "SELECT pg_notify('\(channel)', '')")

  /// What `notify` wakes.
  static let channel = "user_feed"

  // MARK: Reading

  static let last = Statement("feed_last", "SELECT position, stamp FROM user_feed_head", isReadOnly: true)

  /// At most $2 events from position $1 on.
  static let events = Statement(
    "feed_events",
    """
    SELECT position, stamp, user_id, kind, version, fields, author, time
    FROM user_feed WHERE position >= $1 ORDER BY position LIMIT $2
    """, isReadOnly: true)

  // MARK: Pruning

  /// Removes those of the $1 first events that were moved longer ago than $2 microseconds, but not the last event of
  /// all: it holds the feed's stamp.
  static let prune = Statement(
    "feed_prune",
    """
    DELETE FROM user_feed WHERE position = ANY (ARRAY(
      SELECT position FROM (
        SELECT position, move_time FROM user_feed WHERE position < (SELECT position FROM user_feed_head)
        ORDER BY position LIMIT $1) oldest
      WHERE move_time < now() - $2::bigint * interval '1 microsecond'))
    """)
}
