import Postgres

extension UserSQL {
  static let findMany = Statement(
    "users_find_batch", "SELECT \(columns) FROM users WHERE id = ANY($1)", isReadOnly: true)

  static let findLabels = Statement("users_find_labels", "SELECT labels FROM users WHERE id = $1", isReadOnly: true)

  /// `update` with single labels: $9 sets labels, $10 has the keys of those to remove. The row is not matched if the
  /// user would have too many. The labels are those of the row's newest version, so that changes of different labels
  /// both take effect.
  static let updateLabels: Statement = {
    let labels = "(COALESCE($7::jsonb, labels) || $9::jsonb) - $10::text[]"
    return Statement(
      "users_update_labels",
      withEvent(
        """
        UPDATE users SET
          email = COALESCE($4, email), email_normalized = COALESCE($5, email_normalized), name = COALESCE($6, name),
          labels = \(labels), \(touch)
        WHERE id = $1 AND ($2::bigint IS NULL OR version = $2) AND delete_time IS NULL
          AND ($5::text IS NULL OR NOT \(isEmailTaken("$5"))) AND \(isReadable)
          AND ($7::jsonb IS NOT NULL OR \(hasReadableLabels))
          AND (SELECT count(*) FROM jsonb_object_keys(\(labels))) <= 64
        RETURNING \(columns)
        """, kind: "updated", fields: "$8"))
  }()

  /// Creates a user for request $7 with fingerprint $8, unless that request has created one. Returns the create time,
  /// or null and what is in the way: the user that the request created and whether the fingerprint is the same,
  /// whether the id is taken, whether the email is. If nothing is, another transaction is: the statement is to be run
  /// again.
  ///
  /// Two statements with one request at the same time violate the primary key of `creation_requests`, and the later one
  /// has no effect: a row without its user, or a user without its row, can't be.
  static let insertOnce = Statement(
    "users_insert_once",
    """
    WITH known AS (SELECT user_id, fingerprint FROM creation_requests WHERE request_id = $7),
    input AS MATERIALIZED (
      SELECT EXISTS (SELECT FROM users u WHERE u.email_normalized = $3::text COLLATE "C") AS is_email_taken
      WHERE NOT EXISTS (SELECT FROM known)
    ), inserted AS (
      INSERT INTO users (id, email, email_normalized, name, labels, create_time, update_time, version)
      SELECT $1, $2, $3, $4, $5::jsonb, now(), now(), 1 FROM input WHERE NOT is_email_taken
      ON CONFLICT DO NOTHING
      RETURNING id, create_time
    ), remembered AS (
      INSERT INTO creation_requests (request_id, user_id, fingerprint, create_time)
      SELECT $7, id, $8, create_time FROM inserted
    ), event AS (
      INSERT INTO user_events (user_id, kind, version, author, time)
      SELECT id, 'created', 1, NULLIF($6::text, ''), create_time FROM inserted
    )
    SELECT (SELECT create_time FROM inserted), (SELECT user_id FROM known), (SELECT fingerprint = $8 FROM known),
      EXISTS (SELECT FROM users u WHERE u.id = $1), COALESCE((SELECT is_email_taken FROM input), false)
    """)

  /// Forgets at most $1 creations that were made $2 microseconds ago or earlier.
  static let forgetRequests = Statement(
    "creation_requests_forget",
    """
    DELETE FROM creation_requests WHERE request_id = ANY (ARRAY(
      SELECT request_id FROM creation_requests WHERE create_time <= now() - $2::bigint * interval '1 microsecond'
      ORDER BY create_time LIMIT $1 FOR UPDATE SKIP LOCKED))
    """)

  /// Forgets at most $1 imports that were last changed $2 microseconds ago or earlier.
  static let forgetImports = Statement(
    "imports_forget",
    """
    DELETE FROM imports WHERE id = ANY (ARRAY(
      SELECT id FROM imports WHERE update_time <= now() - $2::bigint * interval '1 microsecond'
      ORDER BY update_time LIMIT $1 FOR UPDATE SKIP LOCKED))
    """)
}
