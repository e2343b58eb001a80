import ArgumentParser
import Logging
import Postgres
import UserService

struct MigrateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "migrate",
    abstract: "Bring the database's schema to what this version needs.",
    discussion: "Any number of processes may do so at the same time: one works, the others wait and find it done.")

  @Flag(
    name: .long,
    help: ArgumentHelp(
      "Look at the normal forms of all emails once more.",
      discussion: "Replicas of an older version write others until they are gone, and a new libidn2 may have others."))
  var recheckEmails = false

  @OptionGroup var database: DatabaseOptions
  @OptionGroup var logging: LoggingOptions

  func run() throws {
    let configuration = try database.postgres()
    let patience = try database.patience()
    let logger = try logging.bootstrap()
    try Program.run(loops: 1, logger: logger) { [recheckEmails] loops in
      let client = try Database.connect(configuration, loops: loops, logger: logger)
      do {
        try await Database.waitUntilReady(client, patience: patience)
        try await StartCheck(client: client, logger: logger).database()
        let applied = try await Database.migrate(client, logger: logger)
        Output.line(applied.isEmpty ? "The schema is up to date." : "Applied \(applied.count) migration(s).")
        if recheckEmails {
          Output.line("\(try await Database.recheckEmails(client)) email(s) got another normal form.")
        }
      } catch {
        await client.shutdown()
        throw error
      }
      await client.shutdown()
    }
  }
}
