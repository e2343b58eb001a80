import EventLoop
import Logging
import Postgres
import PostgresUserStore

/// What is looked at once before calls are taken, so that what can't work is said at the start and not by each call.
struct StartCheck {
  let client: PostgresClient
  let logger: Logger

  /// The database can hold what users are called.
  /// - Throws: `Unavailable`.
  func database() async throws {
    try await explained("The database could not be looked at") {
      let row = try await client.query(Self.facts)[0]
      let encoding = try row[0].text
      guard encoding == "UTF8" else {
        throw Unavailable(
          sentence: """
            The database's encoding is \(encoding); it must be UTF8, or names and emails can't be stored. Create one by \
            CREATE DATABASE users ENCODING 'UTF8' TEMPLATE template0.
            """)
      }
    }
  }

  /// Connections and privileges suffice to serve.
  /// - Parameters:
  ///   - connections: the most that this process may open.
  ///   - purges: whether this process purges deleted users.
  /// - Throws: `Unavailable`.
  func serving(connections: Int, purges: Bool) async throws {
    try await explained("The database could not be looked at") {
      let row = try await client.query(Self.facts)[0]
      let (isReadOnly, limit, others) = (try row[1].bool, try row[2].int64, try row[3].int64)
      if isReadOnly { logger.notice("The database takes no writes: only reads are served until it does.") }
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
        This process may open more database connections than there is room for: see max_connections, the limits of role and \
        database, --pool-size and --pool-overflow.
        """, metadata: metadata)
    } else {
      logger.info("There is room for this process's database connections.", metadata: metadata)
    }
  }

  private func privileges(purges: Bool) async throws {
    let needs = UserMigrations.privileges(purges: purges).flatMap { table, names in names.map { (table, $0) } }
    let rows = try await client.query(
      Self.missingPrivileges, [.textArray(needs.map(\.0)), .textArray(needs.map(\.1))])
    guard let role = try rows.first?[1].text else { return }
    let grants = try rows.map { try $0[0].text }.joined(separator: ", ")
    throw Unavailable(
      sentence: "The database role \(role) lacks privileges: \(grants). GRANT them, as docs/operations.md says.")
  }

  private func explained(_ what: String, _ body: () async throws -> Void) async throws {
    do {
      try await body()
    } catch let error as PostgresError {
      try Task.checkCancellation()
      throw Unavailable(sentence: "\(what): \(error).")
    }
  }

  /// Encoding, read-only, connections that this role may have in all, those that there are now. Superusers are held to
  /// max_connections only.
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

  /// Privileges on single columns count: the statements name their columns. A table that is missing is the schema's
  /// matter.
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
