import Postgres
import UserService

/// All SQL of the one-time tokens. Values are always parameters; the SQL texts are built from constants only.
enum OneTimeTokenSQL {
  // MARK: Making

  /// Makes token $1 of the user with id $2, or with the normalized email $3, for purpose $4: that it lasts $5 seconds,
  /// and the user gets at most $6 within an hour. Of an email change, $7 and $8 are the new email and its normal form.
  /// $9: who asked.
  static let make = Statement(
    "tokens_make",
    """
    WITH made AS (
      INSERT INTO one_time_tokens
        (id, user_id, purpose, email, email_normalized, current_email, password_time, create_time, expire_time)
      SELECT $1, u.id, $4::smallint, coalesce($7, u.email), coalesce($8, u.email_normalized), u.email_normalized,
        a.password_time, now(), now() + make_interval(secs => $5)
      FROM users u LEFT JOIN accounts a ON a.user_id = u.id
      WHERE u.id = coalesce($2::uuid, (SELECT id FROM users WHERE email_normalized = $3::text COLLATE "C"))
        AND u.delete_time IS NULL AND a.disable_time IS NULL
        AND (SELECT count(*) FROM one_time_tokens o
          WHERE o.user_id = u.id AND o.purpose = $4::smallint AND o.create_time > now() - interval '1 hour') < $6::bigint
        AND NOT EXISTS (SELECT FROM users o WHERE o.email_normalized = $8::text COLLATE "C" AND o.id <> u.id)
      RETURNING id, user_id
    ), event AS (
      INSERT INTO user_events (user_id, kind, version, fields, author, time)
      SELECT made.user_id, 'token_made', u.version, ARRAY[made.id::text], $9::text, now()
      FROM made JOIN users u ON u.id = made.user_id
    )
    SELECT true FROM made
    """)

  private static let columns = "t.user_id, t.purpose::bigint, t.email, t.expire_time"

  /// Gives token $1 the hash $2 of its secret.
  static let claim = Statement(
    "tokens_claim",
    """
    UPDATE one_time_tokens t SET token_hash = $2, claim_time = now()
    WHERE id = $1 AND claim_time IS NULL AND expire_time > now()
    RETURNING \(columns)
    """)

  static let isClaimed = Statement(
    "tokens_is_claimed", "SELECT true FROM one_time_tokens WHERE id = $1 AND expire_time > now()", isReadOnly: true)

  // MARK: Using

  /// What must hold of token t, user u and account a when a token is used, whose id is $1 and the hash $2.
  private static func isUsable(_ purpose: OneTimePurpose) -> String {
    """
    t.id = $1 AND t.token_hash = $2 AND t.purpose = \(purpose.rawValue) AND t.use_time IS NULL AND t.expire_time > now()
      AND u.id = t.user_id AND u.delete_time IS NULL AND u.email_normalized = t.current_email AND a.disable_time IS NULL
      \(purpose == .emailVerification ? "" : "AND t.password_time IS NOT DISTINCT FROM a.password_time")
    """
  }

  /// Nobody else has the new email.
  private static let isEmailFree =
    "AND NOT EXISTS (SELECT FROM users o WHERE o.email_normalized = t.email_normalized AND o.id <> u.id)"

  private static func find(_ purpose: OneTimePurpose) -> Statement {
    Statement(
      purpose == .passwordReset
        ? "tokens_find_reset" : purpose == .emailChange ? "tokens_find_change" : "tokens_find_verification",
      """
      SELECT \(columns) FROM one_time_tokens t, users u LEFT JOIN accounts a ON a.user_id = u.id
      WHERE \(isUsable(purpose))
      """, isReadOnly: true)
  }

  static let find: [OneTimePurpose: Statement] = Dictionary(
    uniqueKeysWithValues: OneTimePurpose.allCases.map { ($0, find($0)) })

  /// Uses a token, as a CTE `used`. Of two who do so at the same time, the second waits for the first's lock and then
  /// finds the token used.
  private static func use(_ purpose: OneTimePurpose) -> String {
    """
    used AS (
      UPDATE one_time_tokens t SET use_time = now() FROM users u LEFT JOIN accounts a ON a.user_id = u.id
      WHERE \(isUsable(purpose)) \(purpose == .emailChange ? isEmailFree : "")
      RETURNING t.user_id, t.email, t.email_normalized, t.current_email, t.password_time
    )
    """
  }

  private static let ended = "(SELECT coalesce(array_agg(id::text), '{}') FROM ended)"

  /// Sets the password to $3, ends all sessions, and marks the email as verified.
  static let resetPassword = Statement(
    "tokens_reset_password",
    """
    WITH \(use(.passwordReset)), stored AS (
      INSERT INTO accounts AS a (user_id, password_hash, password_time, epoch_time, verified_email, email_verify_time)
      SELECT user_id, $3::text, now(), now(), email_normalized, now() FROM used
      ON CONFLICT (user_id) DO UPDATE
        SET password_hash = excluded.password_hash, password_time = excluded.password_time,
          verified_email = excluded.verified_email, email_verify_time = excluded.email_verify_time,
          epoch = a.epoch + 1, epoch_time = excluded.epoch_time
        WHERE a.password_time IS NOT DISTINCT FROM (SELECT password_time FROM used)
      RETURNING a.user_id, a.password_hash, a.password_time, a.disable_time, a.email_verify_time
    ), ended AS (
      UPDATE sessions SET end_time = now() WHERE user_id IN (SELECT user_id FROM stored) AND end_time IS NULL
      RETURNING id
    )
    SELECT user_id, password_hash, password_time, disable_time, email_verify_time, \(ended) FROM stored
    """)

  /// Marks the email of `source` as verified, as a CTE `stored`.
  private static func verify(_ source: String) -> String {
    """
    stored AS (
      INSERT INTO accounts AS a (user_id, verified_email, email_verify_time)
      SELECT user_id, email_normalized, now() FROM \(source)
      ON CONFLICT (user_id) DO UPDATE
        SET verified_email = excluded.verified_email, email_verify_time = excluded.email_verify_time
      RETURNING a.user_id, a.password_hash, a.password_time, a.disable_time, a.email_verify_time
    )
    SELECT user_id, password_hash, password_time, disable_time, email_verify_time FROM stored
    """
  }

  static let verifyEmail = Statement("tokens_verify_email", "WITH \(use(.emailVerification)), \(verify("used"))")

  /// Changes the email of the user, whose change this is.
  static let changeEmail = Statement(
    "tokens_change_email",
    """
    WITH \(use(.emailChange)), changed AS (
      UPDATE users u SET email = used.email, email_normalized = used.email_normalized,
        update_time = GREATEST(now(), update_time), version = version + 1
      FROM used WHERE u.id = used.user_id AND u.email_normalized = used.current_email AND u.delete_time IS NULL
      RETURNING u.id AS user_id, u.email_normalized, u.version, u.update_time
    ), event AS (
      INSERT INTO user_events (user_id, kind, version, fields, author, time)
      SELECT user_id, 'updated', version, ARRAY['email'], user_id::text, update_time FROM changed
    ), \(verify("changed"))
    """)

  /// Whether another user has the new email of token $1 with the hash $2.
  static let isNewEmailTaken = Statement(
    "tokens_is_new_email_taken",
    """
    SELECT true FROM one_time_tokens t JOIN users u ON u.email_normalized = t.email_normalized AND u.id <> t.user_id
    WHERE t.id = $1 AND t.token_hash = $2 AND t.use_time IS NULL
    """, isReadOnly: true)

  /// Removes at most $1 tokens whose time was over a day ago.
  static let prune = Statement(
    "tokens_prune",
    """
    DELETE FROM one_time_tokens WHERE id IN (
      SELECT id FROM one_time_tokens WHERE expire_time < now() - interval '1 day' LIMIT $1)
    RETURNING id
    """)
}
