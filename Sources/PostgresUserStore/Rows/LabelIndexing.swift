import Postgres
import UserService

/// Makes `user_labels`, whose triggers then keep up with all changes, and fills it with the labels of the users that
/// are there already. It may be interrupted, and run again.
struct LabelIndexing: Sendable {
  /// How many users are locked at a time. Reads of them go on.
  static let batch: Int64 = 1000

  private let connection: PostgresLease

  init(on connection: PostgresLease) { self.connection = connection }

  /// - Throws: `PostgresError`.
  nonisolated(nonsending) func run() async throws {
    try await connection.execute("labels: table", script: Self.makeTable)
    var last = UserID.nil
    while true {
      let rows = try await connection.query(Self.index, [.uuid(last.high, last.low), .int64(Self.batch)])
      guard let row = rows.first, !row[0].isNull else { break }
      let id = try row[0].uuid
      last = UserID(high: id.high, low: id.low)
    }
    // Without them Postgres would take each label for a rare one, and sort its users instead of walking along the key.
    try await connection.execute("labels: statistics", script: "VACUUM (ANALYZE) user_labels")
  }

  /// Its commands are one transaction.
  private static let makeTable = String(decoding: PackageResources._010_index_labels_sql, as: UTF8.self)

  /// The lock makes the statement read the newest version of each user, and holds off changes until what was read is in
  /// the table: the trigger of a later change then finds what it must remove.
  private static let index = Statement(
    "labels: index",
    """
    WITH batch AS MATERIALIZED (
      SELECT id, labels, create_time, delete_time FROM users WHERE id > $1 ORDER BY id LIMIT $2 FOR NO KEY UPDATE
    ), indexed AS (
      INSERT INTO user_labels (key, value, is_deleted, create_time, user_id)
      SELECT l.key, l.value, delete_time IS NOT NULL, create_time, id FROM batch, jsonb_each_text(labels) l
      WHERE octet_length(l.key) <= 63 AND octet_length(l.value) <= 256
      ON CONFLICT DO NOTHING
    )
    SELECT id FROM batch ORDER BY id DESC LIMIT 1
    """)
}
