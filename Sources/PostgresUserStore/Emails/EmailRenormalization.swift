public import Postgres
import UserService

/// Gives every stored email the normal form that this version's rule gives it.
///
/// It reads first, and changes nothing if two users would end up with the same email, or the rule refuses an email
/// (`EmailConflicts`). Then it changes the rows that differ, a few at a time, each only if nobody changed its email
/// meanwhile. It may run at any time, beside all other calls, and again after an interruption. A temporary table holds
/// the differences until the session ends.
public struct EmailRenormalization: Sendable {
  static let readBatch: Int64 = 500
  /// How many rows are locked at a time.
  static let writeBatch: Int64 = 100

  private let connection: PostgresLease

  /// - Parameter connection: must have no statement timeout.
  public init(on connection: PostgresLease) { self.connection = connection }

  /// - Returns: how many users got another normal form.
  /// - Throws: `EmailConflicts` and `PostgresError`.
  @discardableResult
  public nonisolated(nonsending) func run() async throws -> Int {
    try await connection.execute("emails: differences", script: Self.makeTable)
    var conflicts = EmailConflicts()
    try await collect(into: &conflicts)
    try await findShared(Self.selectShared, into: &conflicts)
    guard conflicts.isEmpty else { throw conflicts }
    conflicts.changed = try await change()
    // Users whose new normal form another user has taken since it was looked at.
    try await findShared(Self.selectLeft, into: &conflicts)
    guard conflicts.isEmpty else { throw conflicts }
    return conflicts.changed
  }

  private nonisolated(nonsending) func collect(into conflicts: inout EmailConflicts) async throws {
    var last = UserID.nil
    while true {
      let rows = try await connection.query(
        Self.selectCandidates, [.uuid(last.high, last.low), .int64(Self.readBatch)])
      var (ids, emails, stored, forms): ([UInt128], [String], [String], [String]) = ([], [], [], [])
      for row in rows {
        let (bits, email, form) = (try row[0].uuid, try row[1].text, try row[2].text)
        last = UserID(high: bits.high, low: bits.low)
        do throws(EmailProblem) {
          let address = try EmailAddress(email)
          // Bytes, not characters: Swift takes "é" and "e\u{301}" for equal.
          if address.normalForm.utf8.elementsEqual(form.utf8) { continue }
          ids.append(UInt128(last.high) << 64 | UInt128(last.low))
          emails.append(email)
          stored.append(form)
          forms.append(address.normalForm)
        } catch {
          conflicts.refuse(last, error)
        }
      }
      if !ids.isEmpty {
        try await connection.query(
          Self.insert, [.uuidArray(ids), .textArray(emails), .textArray(stored), .textArray(forms)])
      }
      if rows.count < Int(Self.readBatch) { return }
    }
  }

  private nonisolated(nonsending) func findShared(
    _ statement: Statement, into conflicts: inout EmailConflicts
  ) async throws {
    var group: Int64?
    for row in try await connection.query(statement, [.int64(Int64(EmailConflicts.listed))]) {
      let (id, number) = (try row[1].uuid, try row[0].int64)
      if number != group { conflicts.shared.append([]) }
      group = number
      conflicts.shared[conflicts.shared.count - 1].append(UserID(high: id.high, low: id.low))
      conflicts.sharedCount = Int(try row[2].int64)
    }
  }

  private nonisolated(nonsending) func change() async throws -> Int {
    var (last, changed) = (UserID.nil, 0)
    while true {
      let rows = try await connection.query(Self.update, [.uuid(last.high, last.low), .int64(Self.writeBatch)])
      guard let row = rows.first, !row[0].isNull else { return changed }
      let id = try row[0].uuid
      last = UserID(high: id.high, low: id.low)
      changed += Int(try row[1].int64)
    }
  }

  // MARK: SQL

  private static let makeTable = """
    CREATE TEMPORARY TABLE IF NOT EXISTS email_differences (
      id uuid PRIMARY KEY, email text NOT NULL, stored text COLLATE "C" NOT NULL, form text COLLATE "C" NOT NULL
    );
    TRUNCATE email_differences;
    """

  /// The others, ASCII without A-labels, have the same normal form by every rule that there was.
  private static let selectCandidates = Statement(
    "emails: candidates",
    """
    SELECT id, email, email_normalized FROM users
    WHERE id > $1 AND (octet_length(email) <> char_length(email) OR email_normalized LIKE '%xn--%')
    ORDER BY id LIMIT $2
    """)

  private static let insert = Statement(
    "emails: note differences",
    "INSERT INTO email_differences SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[])")

  /// Users who would end up with the same normal form, including users who have it already.
  private static let selectShared = Statement(
    "emails: shared",
    """
    WITH ends AS (
      SELECT form, id FROM email_differences
      UNION ALL
      SELECT users.email_normalized, users.id FROM users
      WHERE users.email_normalized IN (SELECT form FROM email_differences)
        AND users.id NOT IN (SELECT id FROM email_differences)
    ), counted AS (SELECT form, id, count(*) OVER (PARTITION BY form) AS users FROM ends)
    SELECT dense_rank() OVER (ORDER BY form), id, count(*) OVER () FROM counted WHERE users > 1
    ORDER BY form, id LIMIT $1
    """)

  /// Checks once more that nobody has the email: violating the index would write the email into Postgres's log.
  private static let update = Statement(
    "emails: change",
    """
    WITH batch AS (SELECT * FROM email_differences WHERE id > $1 ORDER BY id LIMIT $2),
    changed AS (
      UPDATE users SET email_normalized = batch.form FROM batch
      WHERE users.id = batch.id AND users.email = batch.email AND users.email_normalized = batch.stored
        AND NOT EXISTS (SELECT FROM users o WHERE o.email_normalized = batch.form)
      RETURNING users.id
    )
    SELECT (SELECT id FROM batch ORDER BY id DESC LIMIT 1), (SELECT count(*) FROM changed)
    """)

  /// Users that `update` left out although nobody had changed their email, and the users who have the email.
  private static let selectLeft = Statement(
    "emails: left",
    """
    WITH pairs AS (
      SELECT d.form, d.id, o.id AS other FROM email_differences d
      JOIN users u ON u.id = d.id AND u.email = d.email AND u.email_normalized = d.stored
      JOIN users o ON o.email_normalized = d.form
    ), ends AS (SELECT form, id FROM pairs UNION SELECT form, other FROM pairs)
    SELECT dense_rank() OVER (ORDER BY form), id, count(*) OVER () FROM ends ORDER BY form, id LIMIT $1
    """)
}
