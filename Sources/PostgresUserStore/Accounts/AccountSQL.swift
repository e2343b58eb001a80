import Postgres
import UserService

/// All SQL of the accounts. Values are always parameters; the SQL texts are built from constants only.
enum AccountSQL {
  private static let account = """
    u.id, a.password_hash, a.password_time, a.disable_time,
    CASE WHEN a.verified_email = u.email_normalized THEN a.email_verify_time END
    """
  /// The same of the row that a CTE has stored.
  private static let stored = """
    s.user_id, s.password_hash, s.password_time, s.disable_time,
    CASE WHEN s.verified_email = (SELECT email_normalized FROM users u WHERE u.id = s.user_id) THEN s.email_verify_time END
    """
  private static let session =
    "s.id, s.user_id, s.create_time, s.refresh_time, s.expire_time, s.generation, s.token_hash"

  // MARK: Reads

  static let accountByID = Statement(
    "accounts_find_by_id",
    """
    SELECT \(account) FROM users u LEFT JOIN accounts a ON a.user_id = u.id WHERE u.id = $1 AND u.delete_time IS NULL
    """, isReadOnly: true)

  static let accountByEmail = Statement(
    "accounts_find_by_email",
    """
    SELECT \(account) FROM users u LEFT JOIN accounts a ON a.user_id = u.id
    WHERE u.email_normalized = $1 AND u.delete_time IS NULL
    """, isReadOnly: true)

  static let sessionByID = Statement(
    "sessions_find_by_id",
    """
    SELECT \(session),
      s.end_time IS NOT NULL OR s.epoch <> a.epoch OR u.delete_time IS NOT NULL OR a.disable_time IS NOT NULL, now()
    FROM sessions s JOIN users u ON u.id = s.user_id JOIN accounts a ON a.user_id = s.user_id WHERE s.id = $1
    """, isReadOnly: true)

  static let sessionsOfUser = Statement(
    "sessions_of_user",
    """
    SELECT \(session), false, now() FROM sessions s JOIN accounts a USING (user_id) JOIN users u ON u.id = s.user_id
    WHERE s.user_id = $1 AND s.end_time IS NULL AND s.expire_time > now() AND s.epoch = a.epoch
      AND a.disable_time IS NULL AND u.delete_time IS NULL
    ORDER BY s.create_time DESC, s.id DESC
    """, isReadOnly: true)

  /// Those that have ended within $1 seconds, by themselves, by a new epoch of their accounts, or by the deletion or
  /// the removal of their users.
  static let endedSessions = Statement(
    "sessions_ended",
    """
    SELECT id FROM sessions WHERE end_time > now() - make_interval(secs => $1)
    UNION
    SELECT s.id FROM accounts a JOIN sessions s USING (user_id)
    WHERE a.epoch_time > now() - make_interval(secs => $1) AND s.epoch <> a.epoch
    UNION
    SELECT s.id FROM users u JOIN sessions s ON s.user_id = u.id
    WHERE u.delete_time > now() - make_interval(secs => $1)
    UNION
    SELECT id FROM ended_sessions WHERE end_time > now() - make_interval(secs => $1)
    """, isReadOnly: true)

  static let refreshKey = Statement(
    "service_keys_refresh_tokens", "SELECT key FROM service_keys WHERE name = 'refresh_tokens'", isReadOnly: true)

  // MARK: Writes, each a single statement.

  private static let endedIDs = "(SELECT coalesce(array_agg(id::text), '{}') FROM ended)"

  /// Sets the password of user $1 to $2, if $3 is null or stored now, and ends all sessions but $4.
  static let setPassword = Statement(
    "accounts_set_password",
    """
    WITH stored AS (
      INSERT INTO accounts AS a (user_id, password_hash, password_time, epoch_time)
      SELECT u.id, $2::text, now(), now() FROM users u
      WHERE u.id = $1 AND u.delete_time IS NULL
        AND ($3::text IS NULL OR EXISTS (SELECT FROM accounts o WHERE o.user_id = $1 AND o.password_hash = $3))
      ON CONFLICT (user_id) DO UPDATE
        SET password_hash = excluded.password_hash, password_time = excluded.password_time,
          epoch = a.epoch + 1, epoch_time = excluded.epoch_time
        WHERE $3::text IS NULL OR a.password_hash = $3
      RETURNING a.*
    ), kept AS (
      UPDATE sessions s SET epoch = stored.epoch FROM stored
      WHERE s.id = $4::uuid AND s.user_id = stored.user_id AND s.end_time IS NULL
    ), ended AS (
      UPDATE sessions SET end_time = now()
      WHERE user_id IN (SELECT user_id FROM stored) AND end_time IS NULL AND ($4::uuid IS NULL OR id <> $4)
      RETURNING id
    )
    SELECT \(stored), \(endedIDs) FROM stored s
    """)

  static let replaceHash = Statement(
    "accounts_replace_hash", "UPDATE accounts SET password_hash = $3 WHERE user_id = $1 AND password_hash = $2")

  /// Disables user $1 and ends its sessions, or enables it.
  static let setDisabled = Statement(
    "accounts_set_disabled",
    """
    WITH stored AS (
      INSERT INTO accounts AS a (user_id, disable_time, epoch_time)
      SELECT u.id, CASE WHEN $2::boolean THEN now() END, now() FROM users u WHERE u.id = $1 AND u.delete_time IS NULL
      ON CONFLICT (user_id) DO UPDATE
        SET disable_time = CASE WHEN $2::boolean THEN coalesce(a.disable_time, excluded.disable_time) END,
          epoch = a.epoch + CASE WHEN $2::boolean THEN 1 ELSE 0 END,
          epoch_time = CASE WHEN $2::boolean THEN excluded.epoch_time ELSE a.epoch_time END
      RETURNING a.*
    ), ended AS (
      UPDATE sessions SET end_time = now()
      WHERE $2::boolean AND user_id IN (SELECT user_id FROM stored) AND end_time IS NULL
      RETURNING id
    )
    SELECT \(stored), \(endedIDs) FROM stored s
    """)

  /// Begins session $1 of user $2, whose password hash must be $4 and who must not be disabled. Ends the user's
  /// sessions but for the newest $5 less one.
  ///
  /// The row of the account is locked, so that a new password or disabling waits for it, or it for them. The one that
  /// comes later does not see the session, but begins a new epoch without it.
  static let createSession = Statement(
    "sessions_create",
    """
    WITH allowed AS (
      SELECT a.user_id, a.epoch FROM accounts a JOIN users u ON u.id = a.user_id
      WHERE a.user_id = $2 AND a.password_hash = $4 AND a.disable_time IS NULL AND u.delete_time IS NULL
      FOR UPDATE OF a
    ), ended AS (
      UPDATE sessions SET end_time = now() WHERE id IN (
        SELECT s.id FROM sessions s WHERE s.user_id IN (SELECT user_id FROM allowed) AND s.end_time IS NULL
        ORDER BY s.create_time DESC, s.id DESC OFFSET $5::bigint - 1)
      RETURNING id
    ), s AS (
      INSERT INTO sessions (id, user_id, create_time, refresh_time, expire_time, generation, token_hash, epoch)
      SELECT $1, user_id, now(), now(), now() + make_interval(secs => $6), 1, $3, epoch FROM allowed
      RETURNING *
    )
    SELECT \(session), false, now(), \(endedIDs) FROM s
    """)

  /// Gives session $1 its next refresh token, with the hash $3, if it still has generation $2.
  static let refresh = Statement(
    "sessions_refresh",
    """
    UPDATE sessions s SET generation = generation + 1, token_hash = $3, refresh_time = now(),
      expire_time = now() + make_interval(secs => $4)
    WHERE id = $1 AND generation = $2 AND end_time IS NULL AND expire_time > now()
      AND EXISTS (SELECT FROM accounts a WHERE a.user_id = s.user_id AND a.epoch = s.epoch AND a.disable_time IS NULL)
    RETURNING \(session), false, now()
    """)

  /// Ends session $1, if it is of user $2 or that is null.
  static let endSession = Statement(
    "sessions_end",
    """
    UPDATE sessions SET end_time = now() WHERE id = $1 AND end_time IS NULL AND ($2::uuid IS NULL OR user_id = $2)
    RETURNING id
    """)

  static let endSessions = Statement(
    "sessions_end_all",
    "UPDATE sessions SET end_time = now() WHERE user_id = $1 AND end_time IS NULL RETURNING id")

  /// Removes at most $1 sessions that ended, or could have been refreshed last, more than a day ago.
  static let prune = Statement(
    "sessions_prune",
    """
    WITH removed AS (
      DELETE FROM ended_sessions WHERE id IN (
        SELECT id FROM ended_sessions WHERE end_time < now() - interval '1 day' LIMIT $1)
    )
    DELETE FROM sessions WHERE id IN (
      (SELECT id FROM sessions WHERE end_time < now() - interval '1 day' LIMIT $1)
      UNION ALL
      (SELECT id FROM sessions WHERE expire_time < now() - interval '1 day' LIMIT $1)
      LIMIT $1)
    RETURNING id
    """)
}
