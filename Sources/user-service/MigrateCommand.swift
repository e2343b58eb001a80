import ArgumentParser
import Logging
import Postgres
import PostgresUserStore
import Synchronization
import UserService

struct MigrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate",
    abstract: "Migrate the database's schema to this version.",
    discussion:
      "Several processes may run it at the same time: one applies the migrations, the others wait until it is done.")

  @Flag(
    name: .long,
    help: ArgumentHelp(
      "Recompute the normal forms of all emails.",
      discussion:
        "Use it once no replica of an older version runs, and after an update of libidn2: either may have written other"
        + " normal forms."))
  var recheckEmails = false

  @Flag(help: "Only print which migrations the database has. Exit code 1 if some are missing.")
  var status = false

  @Flag(help: "Only print what would be applied, as SQL, and change nothing.")
  var dryRun = false

  @OptionGroup var database: DatabaseOptions
  @OptionGroup var logging: LoggingOptions

  func validate() throws {
    guard [status, dryRun, recheckEmails].count(where: { $0 }) <= 1 else {
      throw ValidationError("give one of --status, --dry-run and --recheck-emails.")
    }
  }

  func run() throws {
    let configuration = try database.postgres()
    let timeout = try database.timeout()
    let logger = try logging.bootstrap()
    let missing = Mutex(0)
    try Program.run(loops: 1, logger: logger) { [status, dryRun, recheckEmails] loops in
      let client = try Database.connect(configuration, loops: loops, logger: logger)
      do {
        try await Database.waitUntilReady(client, timeout: timeout)
        try await StartCheck(client: client, logger: logger).database()
        if status || dryRun {
          let pending = try await Database.pendingMigrations(client, logger: logger)
          Output.line(status ? MigrationReport.status(pending) : MigrationReport.commands(pending))
          missing.withLock { $0 = pending.count }
          return await client.shutdown()
        }
        let applied = try await Database.migrate(client, logger: logger)
        Output.line(applied.isEmpty ? "The schema is up to date." : "Applied \(applied.count) migration(s).")
        if recheckEmails {
          Output.line("Changed the normal form of \(try await Database.recheckEmails(client)) email(s).")
        }
      } catch {
        await client.shutdown()
        throw error
      }
      await client.shutdown()
    }
    if status, missing.withLock({ $0 }) > 0 { throw ExitCode(1) }
  }
}

/// What is said of migrations.
enum MigrationReport {
  /// A line for each migration of this version.
  static func status(_ pending: [Migration]) -> String {
    let versions = Set(pending.map(\.version))
    let lines = UserMigrations.all.map { migration in
      "\(migration.version) \(migration.name) \(versions.contains(migration.version) ? "missing" : "applied")"
    }
    return lines.joined(separator: "\n")
  }

  /// The commands of migrations, for people to read.
  static func commands(_ pending: [Migration]) -> String {
    guard !pending.isEmpty else { return "-- The schema is up to date." }
    return pending.map { migration in
      let text = migration.isCode ? "-- It is code: \(migration.text)" : migration.text
      return "-- Migration \(migration.version) \(migration.name)\n\(text)"
    }.joined(separator: "\n\n")
  }
}
