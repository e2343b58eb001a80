import ArgumentParser
import EventLoop
import Logging
import Postgres
import PostgresUserStore

struct PurgeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "purge",
    abstract: "Remove deleted users for good once their purge time has passed.",
    discussion: """
      `serve` does this by itself, unless --purge-interval is 0. Several processes may do it at the same time. A purge \
      skips users whose rows other transactions have locked; a later one removes them.
      """)

  @OptionGroup var purge: PurgeBatchOptions
  @Flag(name: .long, help: "Only print how many users it would remove.")
  var dryRun = false

  @OptionGroup var database: DatabaseOptions
  @OptionGroup var logging: LoggingOptions

  func run() throws {
    let configuration = try database.postgres()
    let timeout = try database.timeout()
    let batchSize = try purge.batchSize()
    let isDryRun = dryRun
    let logger = try logging.bootstrap()
    try Program.run(loops: 1, logger: logger) { loops in
      let client = try Database.connect(configuration, loops: loops, logger: logger)
      do {
        try await Database.waitUntilReady(client, timeout: timeout)
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
      throw Unavailable(message: "Counting the users failed: \(error).")
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
          message: "The purge failed after it had removed \(total) user(s): \(error). It is safe to run it again.")
      }
    }
  }
}
