import Postgres

/// The SQL of imports.
enum ImportSQL {
  /// $1: the import.
  static let begin = Statement(
    "import_begin",
    """
    INSERT INTO imports (id, row_count, imported, failed, create_time, update_time) VALUES ($1, 0, 0, 0, now(), now())
    ON CONFLICT DO NOTHING
    """)

  /// Holds other streams of the import off until the transaction ends.
  static let lock = Statement(
    "import_lock", "SELECT row_count, imported, failed FROM imports WHERE id = $1 FOR NO KEY UPDATE")

  static let find = Statement(
    "import_find", "SELECT row_count, imported, failed FROM imports WHERE id = $1", isReadOnly: true)

  static let findFailures = Statement(
    "import_find_failures",
    "SELECT index, reason, field, description FROM import_failures WHERE import_id = $1 ORDER BY index",
    isReadOnly: true)

  /// The session's own table, which is empty outside of transactions.
  static let makeTable = Statement(
    "import_table",
    """
    CREATE TEMPORARY TABLE IF NOT EXISTS import_rows (
      index bigint NOT NULL, id uuid NOT NULL, email text NOT NULL, email_normalized text COLLATE "C" NOT NULL,
      name text NOT NULL, labels text NOT NULL, password_hash text
    ) ON COMMIT DELETE ROWS
    """)

  static let copy = Statement(
    "import_copy",
    """
    COPY pg_temp.import_rows (index, id, email, email_normalized, name, labels, password_hash) FROM STDIN (FORMAT binary)
    """)

  /// Creates the users of the table, in the order of their emails, as `UserSQL.insert` does; those with a password get
  /// an account. $1: the author. Returns the index of each that was not created, and whether its id is taken.
  static let merge = Statement(
    "import_merge",
    """
    WITH input AS MATERIALIZED (
      SELECT i.*, (SELECT true FROM users u WHERE u.email_normalized = i.email_normalized) AS is_email_taken
      FROM pg_temp.import_rows i
    ), inserted AS (
      INSERT INTO users (id, email, email_normalized, name, labels, create_time, update_time, version)
      SELECT id, email, email_normalized, name, labels::jsonb, now(), now(), 1 FROM input
      WHERE is_email_taken IS NULL
      ORDER BY email_normalized COLLATE "C"
      ON CONFLICT DO NOTHING
      RETURNING id, create_time
    ), account AS (
      INSERT INTO accounts (user_id, password_hash, password_time)
      SELECT input.id, password_hash, now() FROM input JOIN inserted ON inserted.id = input.id
      WHERE password_hash IS NOT NULL
    ), event AS (
      INSERT INTO user_events (user_id, kind, version, author, time)
      SELECT id, 'created', 1, $1::text, create_time FROM inserted
    )
    SELECT index, (SELECT true FROM users u WHERE u.id = input.id) IS NOT NULL FROM input
    WHERE NOT EXISTS (SELECT FROM inserted WHERE inserted.id = input.id)
    ORDER BY index
    """)

  /// Notes failures of import $1, as long as it has fewer than $6. The others are arrays of texts.
  static let noteFailures = Statement(
    "import_note_failures",
    """
    INSERT INTO import_failures (import_id, index, reason, field, description)
    SELECT $1, f.index::bigint, f.reason, f.field, f.description
    FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS f (index, reason, field, description)
    LIMIT $6::bigint
    """)

  /// Notes how far import $1 is: $2 rows, $3 imported, $4 failed.
  static let note = Statement(
    "import_note",
    "UPDATE imports SET row_count = $2, imported = $3, failed = $4, update_time = now() WHERE id = $1")
}
