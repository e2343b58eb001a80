import ArgumentParser
import EventLoop
import Logging
import Postgres
import PostgresUserStore

/// What is done with the database before it is used.
enum Database {
  /// - Throws: `ValidationError`, so exit code 64, if the URL can't be used.
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

  /// - Throws: `Unavailable` when the database does not answer within `patience`, at once when it refuses
  ///   the connection, and when a pooler shares its sessions.
  static func waitUntilReady(_ client: PostgresClient, patience: Duration) async throws {
    let end = ContinuousClock.now + patience
    while !client.isAvailable {
      let failure = client.connectFailure
      if let failure, failure.isLasting {
        throw Unavailable(
          sentence: "\(failure.message.ended) Waiting would not help. Is DATABASE_URL (or --database-url) right?")
      }
      guard ContinuousClock.now < end else {
        throw Unavailable(
          sentence: """
            The database could not be reached within \(patience.components.seconds) seconds. \
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
        sentence: """
          The pooler in front of the database could not be checked, because it gave no two more connections: \
          \(error.message) Is its pool (default_pool_size of PgBouncer) large enough for all connections of this process?
          """)
    }
    throw Unavailable(
      sentence: """
        The pooler in front of the database shares its sessions, but prepared statements, settings and locks need sessions \
        of their own: set pool_mode = session in PgBouncer for this database, or connect to Postgres directly.
        """)
  }

  static func migrate(_ client: PostgresClient, logger: Logger) async throws -> [Migration] {
    do {
      return try await Migrator(client: client, migrations: UserMigrations.all, logger: logger).run()
    } catch let error as PostgresError {
      try Task.checkCancellation()
      throw Unavailable(sentence: "The database could not be migrated: \(error).")
    } catch let error as EmailConflicts {
      throw Unavailable(sentence: "The database could not be migrated. \(error)")
    }
  }

  /// - Returns: how many users' emails got another normal form.
  static func recheckEmails(_ client: PostgresClient) async throws -> Int {
    do {
      return try await client.withConnection(deadline: .max) { connection in
        try await connection.execute("emails: settings", script: "SET statement_timeout = 0")
        return try await EmailRenormalization(on: connection).run()
      }
    } catch let error as PostgresError {
      try Task.checkCancellation()
      throw Unavailable(sentence: "The emails could not be looked at: \(error).")
    } catch let error as EmailConflicts {
      throw Unavailable(sentence: "\(error)")
    }
  }

  /// - Throws: `Unavailable` when the schema lacks something that this version needs.
  static func checkSchema(_ client: PostgresClient, logger: Logger) async throws {
    let pending: [Migration]
    do {
      pending = try await Migrator(client: client, migrations: UserMigrations.all, logger: logger).pending()
    } catch let error as PostgresError {
      try Task.checkCancellation()
      throw Unavailable(sentence: "The database's schema could not be checked: \(error).")
    }
    guard pending.isEmpty else {
      throw Unavailable(
        sentence: """
          The database lacks \(pending.count) migration(s) of this version. Run `user-service migrate` first, or serve with \
          --migrate.
          """)
    }
  }
}

extension String {
  /// With a full stop at its end.
  fileprivate var ended: String { hasSuffix(".") || hasSuffix("?") ? self : self + "." }
}
