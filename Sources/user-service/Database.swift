import ArgumentParser
import EventLoop
import Logging
import Postgres
import PostgresUserStore

/// Steps that prepare the database before the service uses it.
enum Database {
  /// Makes a client and starts connecting.
  /// - Throws: `ValidationError` (exit code 64) if the URL can't be used.
  static func connect(
    _ configuration: PostgresConfiguration, loops: EventLoopGroup, logger: Logger
  ) throws -> PostgresClient {
    do throws(PostgresError) {
      let client = try PostgresClient(configuration: configuration, loops: loops, logger: logger)
      client.start()
      return client
    } catch {
      throw ValidationError("The database URL can't be used: \(error.message)")
    }
  }

  /// Waits until the database answers.
  /// - Throws: `Unavailable` if the database does not answer within `timeout`, or if a pooler shares its sessions among
  ///   clients; at once if the database refuses the connection for a reason that waiting does not change.
  static func waitUntilReady(_ client: PostgresClient, timeout: Duration) async throws {
    let end = ContinuousClock.now + timeout
    while !client.isAvailable {
      let failure = client.connectFailure
      if let failure, failure.isLasting {
        throw Unavailable(
          message: "\(failure.message.ended) Waiting would not help. Is DATABASE_URL (or --database-url) right?")
      }
      guard ContinuousClock.now < end else {
        throw Unavailable(
          message: """
            The database could not be reached within \(timeout.components.seconds) seconds. \
            \(failure?.message.ended ?? "It does not answer.") Is it running, and is DATABASE_URL (or --database-url) right? \
            --startup-timeout waits longer.
            """)
      }
      try await Task.sleep(for: .milliseconds(10))
    }
    try await checkSessions(client)
  }

  private static func checkSessions(_ client: PostgresClient) async throws {
    do {
      guard try await client.sharesSessions() else { return }
    } catch let error as PostgresError {
      try Task.checkCancellation()
      throw Unavailable(
        message: """
          The check whether a pooler shares sessions failed, because it needs two more connections: \
          \(error.message) Is the pool (default_pool_size of PgBouncer) large enough for all connections of this \
          process?
          """)
    }
    throw Unavailable(
      message: """
        The pooler in front of the database shares its sessions among clients, but prepared statements, settings and \
        locks need a session for each client: set pool_mode = session in PgBouncer for this database, or connect to \
        Postgres directly.
        """)
  }

  static func migrate(_ client: PostgresClient, logger: Logger) async throws -> [Migration] {
    do {
      return try await Migrator(client: client, migrations: UserMigrations.all, logger: logger).run()
    } catch let error as PostgresError {
      try Task.checkCancellation()
      throw Unavailable(message: "The migration of the database failed: \(error).")
    } catch let error as EmailConflicts {
      throw Unavailable(message: "The migration of the database failed. \(error)")
    }
  }

  /// Recomputes the normal forms of all emails.
  /// - Returns: how many of them changed.
  static func recheckEmails(_ client: PostgresClient) async throws -> Int {
    do {
      return try await client.withConnection(deadline: .max) { connection in
        try await connection.execute("emails: settings", script: "SET statement_timeout = 0")
        return try await EmailRenormalization(on: connection).run()
      }
    } catch let error as PostgresError {
      try Task.checkCancellation()
      throw Unavailable(message: "The check of the emails failed: \(error).")
    } catch let error as EmailConflicts {
      throw Unavailable(message: "\(error)")
    }
  }

  /// The migrations of this version that the database lacks.
  static func pendingMigrations(_ client: PostgresClient, logger: Logger) async throws -> [Migration] {
    do {
      return try await Migrator(client: client, migrations: UserMigrations.all, logger: logger).pending()
    } catch let error as PostgresError {
      try Task.checkCancellation()
      throw Unavailable(message: "The check of the database's schema failed: \(error).")
    }
  }

  /// - Throws: `Unavailable` if the schema lacks a migration of this version.
  static func checkSchema(_ client: PostgresClient, logger: Logger) async throws {
    let pending = try await pendingMigrations(client, logger: logger)
    guard pending.isEmpty else {
      throw Unavailable(
        message: """
          The database lacks \(pending.count) migration(s) of this version. Run `user-service migrate` first, or serve \
          with --migrate.
          """)
    }
  }
}

extension String {
  /// With a full stop at its end.
  fileprivate var ended: String { hasSuffix(".") || hasSuffix("?") ? self : self + "." }
}
