import ArgumentParser
import Logging
import Postgres
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

  @OptionGroup var database: DatabaseOptions
  @OptionGroup var logging: LoggingOptions

  func run() throws {
    let configuration = try database.postgres()
    let timeout = try database.timeout()
    let logger = try logging.bootstrap()
    try Program.run(loops: 1, logger: logger) { [recheckEmails] loops in
      let client = try Database.connect(configuration, loops: loops, logger: logger)
      do {
        try await Database.waitUntilReady(client, timeout: timeout)
        try await StartCheck(client: client, logger: logger).database()
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
  }
}
