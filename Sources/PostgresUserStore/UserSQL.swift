import Postgres
import UserService

/// All SQL of the user store. Values are always parameters; the SQL texts are built from constants only.
enum UserSQL {
  /// The columns that `UserRecord.init(row:)` reads, in this order.
  static let columns = "id, email, name, labels, create_time, update_time, delete_time, purge_time, version"
  /// The index of the email's normal form in the rows of `page`.
  static let normalFormColumn = 9

  // MARK: Reads

  static let findByID = Lookup("users_find_by_id", "SELECT \(columns) FROM users", by: "id")

  static let findByEmail = Statement(
    "users_find_by_email", "SELECT \(columns) FROM users WHERE email_normalized = $1", isReadOnly: true)

  /// Whether the id $1 and the email $2 are taken, and the database's current time.
  static let preview = Statement(
    "users_preview",
    """
    SELECT EXISTS (SELECT FROM users WHERE id = $1), EXISTS (SELECT FROM users WHERE email_normalized = $2), now()
    """, isReadOnly: true)

  /// Why a write to user $1 matched no row: whether the user is deleted, whether its purge time has passed, its
  /// version, whether another user has the email $2, and whether the row can't be read as a user.
  static let whyUnmatched = Statement(
    "users_why_unmatched",
    """
    SELECT delete_time IS NOT NULL, COALESCE(purge_time <= now(), false), version, \(isEmailTaken("$2")),
      NOT COALESCE(\(isReadable) AND \(hasReadableLabels), false)
    FROM users WHERE id = $1
    """, isReadOnly: true)

  /// What `UserRecord(row:)` demands, but for the labels. A write checks it, so that no row is changed that can't be
  /// returned.
  static let isReadable = """
    email IS NOT NULL AND name IS NOT NULL AND \(isTimeOfMessages("create_time"))
      AND \(isTimeOfMessages("update_time")) AND \(isTimeOfMessages("COALESCE(delete_time, now())"))
      AND \(isTimeOfMessages("COALESCE(purge_time, now())"))
    """

  /// A Timestamp can hold the years 1 to 9999.
  private static func isTimeOfMessages(_ time: String) -> String {
    "\(time) BETWEEN '0001-01-01 00:00:00Z' AND '9999-12-31 23:59:59.999999Z'"
  }

  static let hasReadableLabels = """
    NOT jsonb_path_exists(labels, 'strict $.* ? (@.type() != "string")')
    """

  static func isEmailTaken(_ email: String) -> String {
    "EXISTS (SELECT FROM users o WHERE o.email_normalized = \(email) AND o.id <> $1)"
  }

  static let pageTokenKey = Statement(
    "service_keys_page_tokens", "SELECT key FROM service_keys WHERE name = 'page_tokens'", isReadOnly: true)

  // MARK: Writes, each a single statement, which also writes the events of its changes

  /// Creates many users from one array for each column. Each user's outcome is its create time, or null and whether its
  /// id or its email is taken.
  ///  The statement first looks for emails that are already taken: violating a unique index would fail all rows, and
  /// Postgres would write the email into its log; and ON CONFLICT alone would wait for a transaction that is changing
  /// the user who has the email. ON CONFLICT skips a row whose id or email another transaction takes in the meantime:
  /// that row has no outcome, and its next attempt finds the conflict. Rows are inserted in the order of their emails,
  /// so that two such statements can't deadlock. $6: the authors; empty: none. The subqueries are scalar so that
  /// Postgres looks each row up in the index, whatever size it believes the table to have; the one for the id runs only
  /// for a row that was skipped.
  static let insert = GroupedWrite(
    "users_insert",
    """
    WITH input AS MATERIALIZED (
      SELECT i.*, (SELECT true FROM users u WHERE u.email_normalized = i.email_normalized COLLATE "C") AS is_email_taken
      FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) WITH ORDINALITY
        AS i (id, email, email_normalized, name, labels, author, position)
    ), inserted AS (
      INSERT INTO users (id, email, email_normalized, name, labels, create_time, update_time, version)
      SELECT id, email, email_normalized, name, labels::jsonb, now(), now(), 1 FROM input
      WHERE is_email_taken IS NULL
      ORDER BY email_normalized COLLATE "C"
      ON CONFLICT DO NOTHING
      RETURNING id, create_time
    ), event AS (
      INSERT INTO user_events (user_id, kind, version, author, time)
      SELECT inserted.id, 'created', 1, NULLIF(input.author, ''), inserted.create_time
      FROM inserted JOIN input ON input.id = inserted.id
    ), outcome AS (
      SELECT inserted.create_time,
        CASE WHEN inserted.id IS NULL THEN (SELECT true FROM users u WHERE u.id = input.id) END AS is_id_taken,
        is_email_taken, position
      FROM input LEFT JOIN inserted ON inserted.id = input.id
    )
    SELECT create_time, is_id_taken IS NOT NULL, is_email_taken IS NOT NULL, position FROM outcome
    WHERE create_time IS NOT NULL OR is_id_taken OR is_email_taken
    """)

  /// What runs before a user gets a new email, in the same transaction: it waits for any other transaction that is
  /// giving the email to somebody. If the email is free after that, nobody else can take it until this one ends.
  ///
  /// Without it, Postgres would find the violation of the unique index only in the UPDATE itself, and write the email
  /// into its log. INSERT … ON CONFLICT DO NOTHING waits in the same way, but reports nothing. The row that it inserts
  /// is deleted at once: no other transaction ever sees it, yet the index remembers whose transaction it is. Its
  /// version is 0, which no user has.
  static func claim(_ email: EmailAddress) -> [BoundStatement] {
    let id = PostgresValue.uuid(.random(in: .min ... .max), .random(in: .min ... .max))
    return [
      BoundStatement(claimEmail, [id, .text(email.normalForm)]), BoundStatement(forgetClaim, [id]),
    ]
  }

  private static let claimEmail = Statement(
    "users_claim_email",
    """
    INSERT INTO users (id, email, email_normalized, name, labels, create_time, update_time, version)
    VALUES ($1, '', $2, '', '{}', now(), now(), 0) ON CONFLICT DO NOTHING
    """)

  private static let forgetClaim = Statement("users_forget_claim", "DELETE FROM users WHERE id = $1 AND version = 0")

  /// Updates user $1 if it has version $2 (null: any). A null value leaves its column unchanged. $8: the names of the
  /// fields that are changed.
  ///
  /// If another transaction has locked the row, Postgres waits for it, checks the condition against the row's new
  /// version and takes the unchanged columns from there, so neither write is lost. The condition also checks that no
  /// other user has the email: violating the unique index would write the email into Postgres's log.
  /// https://www.postgresql.org/docs/15/transaction-iso.html#XACT-READ-COMMITTED
  static let update = Statement(
    "users_update",
    withEvent(
      """
      UPDATE users SET
        email = COALESCE($4, email), email_normalized = COALESCE($5, email_normalized), name = COALESCE($6, name),
        labels = COALESCE($7::jsonb, labels), \(touch)
      WHERE id = $1 AND ($2::bigint IS NULL OR version = $2) AND delete_time IS NULL
        AND ($5::text IS NULL OR NOT \(isEmailTaken("$5"))) AND \(isReadable)
        AND ($7::jsonb IS NOT NULL OR \(hasReadableLabels))
      RETURNING \(columns)
      """, kind: "updated", fields: "$8"))

  /// Marks user $1 as deleted. $4: how long it can be undeleted, in microseconds.
  static let delete = Statement(
    "users_delete",
    withEvent(
      """
      UPDATE users SET delete_time = now(), purge_time = now() + $4::bigint * interval '1 microsecond', \(touch)
      WHERE id = $1 AND ($2::bigint IS NULL OR version = $2) AND delete_time IS NULL
        AND \(isReadable) AND \(hasReadableLabels)
      RETURNING \(columns)
      """, kind: "deleted"))

  static let undelete = Statement(
    "users_undelete",
    withEvent(
      """
      UPDATE users SET delete_time = NULL, purge_time = NULL, \(touch)
      WHERE id = $1 AND ($2::bigint IS NULL OR version = $2) AND delete_time IS NOT NULL AND purge_time > now()
        AND \(isReadable) AND \(hasReadableLabels)
      RETURNING \(columns)
      """, kind: "undeleted"))

  /// Removes user $1 if it has version $2 (null: any); its account and its sessions go with it.
  static let purge = Statement(
    "users_purge",
    withPurgeEvents(
      "DELETE FROM users WHERE id = $1 AND ($2::bigint IS NULL OR version = $2)", author: "$3::text"))

  /// Adds to an UPDATE the event of its change. $3: the author.
  ///
  /// The id of the event is drawn when the row is updated and locked, so that the ids of a user's events are in the
  /// order of its changes.
  static func withEvent(_ change: String, kind: String, fields: String = "'{}'") -> String {
    """
    WITH changed AS (
      \(change)
    ), event AS (
      INSERT INTO user_events (user_id, kind, version, fields, author, time)
      SELECT id, '\(kind)', version, \(fields)::text[], $3::text, update_time FROM changed
    )
    SELECT \(columns) FROM changed
    """
  }

  /// Adds to a DELETE of users an event for each user that it removes, and notes that their sessions, which Postgres
  /// deletes with them, have ended. Returns the users' ids.
  static func withPurgeEvents(_ removal: String, author: String = "NULL") -> String {
    """
    WITH purged AS (
      \(removal)
      RETURNING id, version
    ), event AS (
      INSERT INTO user_events (user_id, kind, version, author, time)
      SELECT id, 'purged', version + 1, \(author), now() FROM purged
    ), ended AS (
      INSERT INTO ended_sessions (id, end_time) SELECT s.id, now() FROM sessions s JOIN purged ON s.user_id = purged.id
      ON CONFLICT DO NOTHING
    )
    SELECT id FROM purged
    """
  }

  /// now() is when the transaction began: without GREATEST, a write that had to wait could set update_time back.
  static let touch = "update_time = GREATEST(now(), update_time), version = version + 1"
}
