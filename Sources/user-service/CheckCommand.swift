import ArgumentParser
import CommandOptions
import EventLoop
import Logging
import Postgres
import Tokens
import Transport

struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check what `serve` needs: keys, certificates, the database, its schema, the clock.",
    discussion: """
      Give it the flags and variables of `serve`. Each check is a line: `ok`, or what is wrong and what to do. Exit code 0 \
      if all is well, 69 if not. It changes nothing.
      """)

  @OptionGroup var keys: KeyOptions
  @OptionGroup var tls: TLSOptions
  @OptionGroup var purge: PurgeOptions
  @OptionGroup var database: DatabaseOptions
  @OptionGroup var pool: PoolOptions
  @OptionGroup var logging: LoggingOptions

  /// How far the clocks of this machine and of the database may be apart, in seconds. Tokens allow for ten.
  private static let clockLimit: Int64 = 5
  /// How long before its end a certificate should be renewed, in seconds.
  private static let notice: Int64 = 14 * 86_400

  func run() throws {
    var configuration = try database.postgres()
    try pool.apply(to: &configuration)
    var settings = Service.Settings(addresses: [], database: configuration)
    try purge.apply(to: &settings)
    let timeout = try database.timeout(), logger = try logging.bootstrap()
    // Not through a list of closures: the later checks stand on the earlier ones.
    var isWell = checkKeys()
    isWell = checkCertificates() && isWell
    let (target, purges) = (configuration, settings.purgeInterval > .zero)
    let before = isWell
    try Program.run(loops: 1, logger: logger) { loops in
      let client = try Database.connect(target, loops: loops, logger: logger)
      let isDatabaseWell = await Self.checkDatabase(client, timeout: timeout, purges: purges, logger: logger)
      await client.shutdown()
      guard before, isDatabaseWell else { throw Unavailable(message: "Something is wrong: see above.") }
    }
  }

  private func checkKeys() -> Bool {
    guard let directory = keys.directory() else {
      return Self.tell("keys", "there is no directory: --keys, or USER_SERVICE_KEYS")
    }
    do throws(KeyDirectoryFault) {
      let keys = try directory.load()
      guard let signer = keys.signer(now: WallClock.seconds()) else {
        return Self.tell("keys", "no key can sign now: user-service keys new --keys \(directory.path)")
      }
      if let file = try directory.exposedFiles().first {
        return Self.tell("keys", "everybody on this machine may read \(file): chmod 600")
      }
      return Self.tell("keys", nil, "\(signer.id) signs, \(keys.keys.count) verify")
    } catch {
      return Self.tell("keys", "\(error)")
    }
  }

  private func checkCertificates() -> Bool {
    do {
      guard let credentials = try tls.credentials(environment: "USER_SERVICE") else {
        return Self.tell("certificates", nil, "none: TCP addresses are served without TLS")
      }
      let soon = credentials.context.validities.first { $0.end - WallClock.seconds() < Self.notice }
      if let soon { return Self.tell("certificates", "\(soon.source) ends \(soon.endText): renew it") }
      return Self.tell("certificates", nil)
    } catch {
      return Self.tell("certificates", (error as? ValidationError)?.message ?? "\(error)")
    }
  }

  private static func checkDatabase(
    _ client: PostgresClient, timeout: Duration, purges: Bool, logger: Logger
  ) async -> Bool {
    let start = StartCheck(client: client, logger: logger)
    guard
      await check("database", { try await Database.waitUntilReady(client, timeout: timeout) }),
      await check("encoding", { try await start.database() }),
      await check("schema", { try await Database.checkSchema(client, logger: logger) })
    else { return false }
    let isAllowed = await check(
      "privileges", { try await start.serving(connections: client.maximumConnections, purges: purges) })
    return await check("clock", { try await checkClock(client) }) && isAllowed
  }

  private static func checkClock(_ client: PostgresClient) async throws {
    let before = WallClock.seconds()
    let row = try await client.query(Self.time)[0]
    let there = try row[0].timestamp / 1_000_000
    // It was asked between these two moments.
    let distance = max(before - there, there - WallClock.seconds(), 0)
    guard distance <= clockLimit else {
      throw Unavailable(
        message: "The clocks of this machine and of the database are \(distance) seconds apart: set them by NTP.")
    }
  }

  private static let time = Statement("check: time", "SELECT clock_timestamp()", isReadOnly: true)

  private static func check(_ name: String, _ body: () async throws -> Void) async -> Bool {
    do {
      try await body()
      return tell(name, nil)
    } catch {
      return tell(name, (error as? Unavailable)?.message ?? "\(error)")
    }
  }

  /// - Returns: whether nothing is wrong.
  private static func tell(_ name: String, _ fault: String?, _ detail: String? = nil) -> Bool {
    Output.line("\(name): \(fault ?? (detail.map { "ok (\($0))" } ?? "ok"))")
    return fault == nil
  }
}
