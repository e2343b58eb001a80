import EventLoop
import Logging
import Postgres
import PostgresUserStore

/// Checks at start-up, so that a wrong set-up stops the process with a message rather than failing each call.
struct StartCheck {
  let client: PostgresClient
  let logger: Logger

  /// Checks that the database's encoding can store names and emails.
  /// - Throws: `Unavailable`.
  func database() async throws {
    try await explained("The check of the database failed") {
      let row = try await client.query(Self.facts)[0]
      let encoding = try row[0].text
      guard encoding == "UTF8" else {
        throw Unavailable(
          message: """
            The database's encoding is \(encoding), which can't store all names and emails; it must be UTF8. Create a \
            database with CREATE DATABASE users ENCODING 'UTF8' TEMPLATE template0.
            """)
      }
    }
  }

  /// Checks the privileges of the database role, and logs a warning if there may be too few connections.
  /// - Parameters:
  ///   - connections: the most connections that this process may open.
  ///   - purges: whether this process purges deleted users.
  /// - Throws: `Unavailable` if privileges are missing.
  func serving(connections: Int, purges: Bool) async throws {
    try await explained("The check of the database failed") {
      let row = try await client.query(Self.facts)[0]
      let (isReadOnly, limit, others) = (try row[1].bool, try row[2].int64, try row[3].int64)
      if isReadOnly { logger.notice("The database is read-only: writes fail until that changes.") }
      report(limit, others: max(0, others - Int64(client.sharedConnections)), of: Int64(connections))
      try await privileges(purges: purges)
    }
  }

  private func report(_ limit: Int64, others: Int64, of connections: Int64) {
    let metadata: Logger.Metadata = [
      "this_process": "\(connections)", "others_now": "\(others)", "limit": "\(limit)",
      "processes_that_fit": "\(limit / max(1, connections))",
    ]
    if connections + others > limit {
      logger.warning(
        """
        This process may open more database connections than the database has left: see max_connections, the limits of \
        the role and the database, --pool-size and --pool-overflow.
        """, metadata: metadata)
    } else {
      logger.info("The database has enough connections left for this process.", metadata: metadata)
    }
  }

  private func privileges(purges: Bool) async throws {
    let needs = UserMigrations.privileges(purges: purges).flatMap { table, names in names.map { (table, $0) } }
    let rows = try await client.query(
      Self.missingPrivileges, [.textArray(needs.map(\.0)), .textArray(needs.map(\.1))])
    guard let role = try rows.first?[1].text else { return }
    let grants = try rows.map { try $0[0].text }.joined(separator: ", ")
    throw Unavailable(
      message: "The database role \(role) lacks privileges: \(grants). GRANT them; docs/operations.md shows how.")
  }

  private func explained(_ what: String, _ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch let error as PostgresError {
      try Task.checkCancellation()
      throw Unavailable(message: "\(what): \(error).")
    }
  }

  /// The encoding; whether the database is read-only; how many connections this role may open in all; how many are open
  /// now. Only max_connections limits superusers.
  private static let facts = Statement(
    "start-up: facts",
    """
    SELECT current_setting('server_encoding'), current_setting('transaction_read_only') = 'on',
      CASE WHEN role.rolsuper THEN current_setting('max_connections')::bigint ELSE least(
        current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint
          - coalesce(current_setting('reserved_connections', true)::bigint, 0),
        nullif(role.rolconnlimit, -1), nullif(base.datconnlimit, -1)) END,
      (SELECT coalesce(sum(numbackends), 0)::bigint FROM pg_stat_database)
    FROM pg_roles role, pg_database base WHERE role.rolname = session_user AND base.datname = current_database()
    """, isReadOnly: true)

  /// A privilege on any column counts: the statements name their columns. It ignores missing tables, which the check of
  /// the schema reports.
  private static let missingPrivileges = Statement(
    "start-up: privileges",
    """
    SELECT string_agg(privilege, ', ' ORDER BY privilege) || ' on ' || name, current_user::text
    FROM unnest($1::text[], $2::text[]) need (name, privilege)
    WHERE NOT CASE privilege WHEN 'DELETE' THEN has_table_privilege(to_regclass(name), privilege)
      ELSE has_any_column_privilege(to_regclass(name), privilege) END
    GROUP BY name ORDER BY name
    """, isReadOnly: true)
}
