import ArgumentParser
import EventLoop
import Logging
import Postgres
import PostgresUserStore

struct PurgeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "purge",
    abstract: "Remove the deleted users for good whose purge time has passed.",
    discussion: """
      `serve` does so by itself, unless --purge-interval is 0. Any number of processes may do so at the same time. \
      Users whose rows others hold are left for the next time.
      """)

  @OptionGroup var purge: PurgeBatchOptions
  @Flag(name: .long, help: "Only say how many there are.")
  var dryRun = false

  @OptionGroup var database: DatabaseOptions
  @OptionGroup var logging: LoggingOptions

  func run() throws {
    let configuration = try database.postgres()
    let patience = try database.patience()
    let batchSize = try purge.batchSize()
    let isDryRun = dryRun
    let logger = try logging.bootstrap()
    try Program.run(loops: 1, logger: logger) { loops in
      let client = try Database.connect(configuration, loops: loops, logger: logger)
      do {
        try await Database.waitUntilReady(client, patience: patience)
        try await Database.checkSchema(client, logger: logger)
        let purge = UserPurge(client: client, batchSize: batchSize)
        if isDryRun {
          Output.line("\(try await Self.count(purge)) user(s) would be removed for good.")
        } else {
          Output.line("Removed \(try await Self.remove(purge)) user(s) for good.")
        }
      } catch {
        await client.shutdown()
        throw error
      }
      await client.shutdown()
    }
  }

  private static func count(_ purge: UserPurge) async throws -> Int {
    do {
      return try await purge.count()
    } catch let error as PostgresError {
      try Task.checkCancellation()
      throw Unavailable(sentence: "The users could not be counted: \(error).")
    }
  }

  private static func remove(_ purge: UserPurge) async throws -> Int {
    var total = 0
    while true {
      do {
        let count = try await purge.removeBatch()
        total += count
        if count < purge.batchSize { return total }
      } catch let error as PostgresError {
        try Task.checkCancellation()
        throw Unavailable(
          sentence: "The purge failed after it had removed \(total) user(s): \(error). It can be run again.")
      }
    }
  }
}
