import CJemalloc
import EventLoop
import Logging
import Postgres
import PostgresUserStore
import RPCCore
import RPCDiagnostics
import RPCDiagnostics
import RPCServer
import UserService

/// The life of a serving process: database, schema, listeners, and back again.
struct Service: Sendable {
  struct Settings: Sendable {
    let addresses: [SocketAddress]
    /// Sockets that listen already.
    var inherited: [Int32] = []
    var unixMode: UInt32?
    var configuration = ServerConfiguration()
    var database: PostgresConfiguration
    /// How long the database is waited for.
    var patience = Duration.seconds(15)
    /// How long calls have to finish.
    var grace = Duration.seconds(30)
    var migrates = false
    var logsCalls = false
    var servesChannelz = false
    /// How long deleted users can be brought back.
    var retention = PostgresUserStore.defaultRetention
    /// How often it looks for users to be removed for good; zero for never.
    var purgeInterval = Duration.seconds(60)
    var purgeBatch = UserPurge.defaultBatchSize
    /// With them TCP addresses speak TLS.
    var certificates: Certificates?
    /// Pages that may call by gRPC-Web; it is not served where there are none.
    var webOrigins: [String] = []

    init(addresses: [SocketAddress], database: PostgresConfiguration) {
      self.addresses = addresses
      self.database = database
    }
  }

  private let settings: Settings
  private let loops: EventLoopGroup
  private let logger: Logger

  init(_ settings: Settings, loops: EventLoopGroup, logger: Logger) {
    self.settings = settings
    self.loops = loops
    self.logger = logger
  }

  /// Serves until the task is cancelled, and then until what runs is finished.
  /// - Throws: `Unavailable` when a port or the database can't be had; `CancellationError` when cancelled before it
  ///   served.
  func run() async throws {
    let database = try Database.connect(settings.database, loops: loops, logger: logger)
    do {
      try await Database.waitUntilReady(database, patience: settings.patience)
      let check = StartCheck(client: database, logger: logger)
      try await check.database()
      if settings.migrates { _ = try await Database.migrate(database, logger: logger) }
      try await Database.checkSchema(database, logger: logger)
      try await check.serving(connections: database.maximumConnections, purges: settings.purgeInterval > .zero)
      try await serve(on: database)
    } catch {
      await database.shutdown()
      throw error
    }
    await database.shutdown()
    logger.info("Stopped.", metadata: ["allocated_bytes": "\(cjemalloc_allocated_bytes())"])
  }

  private func serve(on database: PostgresClient) async throws {
    let health = HealthService()
    follow(database, health)
    var services: [any ServiceProvider] = [
      UserServiceHandlers(
        store: PostgresUserStore(client: database, retention: settings.retention, logger: logger)), health,
    ]
    if settings.servesChannelz { services.append(ChannelzService()) }
    var configuration = settings.configuration
    configuration.errorDomain = UserServiceError.domain
    if !settings.webOrigins.isEmpty { configuration.web = WebConfiguration(origins: settings.webOrigins) }
    let server = try GRPCServer(
      services: services + Reflection.services(for: services),
      interceptors: settings.logsCalls ? [AccessLog(logger: logger)] : [], configuration: configuration, loops: loops,
      logger: logger)
    let files = OffloadPool(threads: 1, queueLimit: 4)
    defer { files.shutdown() }
    let workers = workers(on: database, files, health)
    do {
      let bound =
        try settings.addresses.flatMap { try listen(server, $0) } + settings.inherited.map { try listen(server, $0) }
      let places = bound.map(\.description).joined(separator: ", ")
      Output.line("ready: serving \(UserServiceHandlers.serviceName) on \(places)")
    } catch {
      await server.shutdown(grace: .zero)
      throw error
    }
    for worker in workers { worker.start() }
    await cancellation()
    logger.info("Stopping: calls that run are finished.", metadata: ["limit": "\(settings.grace)"])
    health.shutdown()
    for worker in workers { await worker.stop() }
    await server.shutdown(grace: settings.grace)
  }

  private func listen(_ server: GRPCServer, _ address: SocketAddress) throws -> [SocketAddress] {
    do throws(EventLoopError) {
      if case .unix = address { return try server.listen(on: address, mode: settings.unixMode) }
      return try server.listen(on: address, tls: settings.certificates?.credentials)
    } catch {
      throw Unavailable(sentence: "\(error). Stop what uses the address, or choose another one with --listen.")
    }
  }

  private func listen(_ server: GRPCServer, _ descriptor: Int32) throws -> SocketAddress {
    let isUnix = if case .unix = Socket.localAddress(descriptor) { true } else { false }
    do throws(EventLoopError) {
      return try server.listen(adopting: descriptor, tls: isUnix ? nil : settings.certificates?.credentials)
    } catch {
      throw Unavailable(sentence: "A socket of systemd can't be used: \(error).")
    }
  }

  /// What the service does on its own. Health tells of each, under a name of its own: that one fails is nothing that
  /// callers meet, and no reason to send them elsewhere.
  private func workers(
    on database: PostgresClient, _ files: OffloadPool, _ health: HealthService
  ) -> [BackgroundWorker] {
    let loop = loops.loops[0]
    func report(_ name: String) -> @Sendable (WorkerState) -> Void {
      health.setStatus("worker/\(name)", serving: true)
      return { health.setStatus("worker/\(name)", serving: !$0.isFailing) }
    }
    var workers: [BackgroundWorker] = []
    if let certificates = settings.certificates {
      workers.append(certificates.makeWorker(on: loop, files: files, onChange: report("certificates")))
    }
    if settings.purgeInterval > .zero {
      let purge = UserPurge(client: database, batchSize: settings.purgeBatch)
      let work = PurgeWork(purge, every: settings.purgeInterval, logger: logger)
      workers.append(
        BackgroundWorker("purge", on: loop, logger: logger, onChange: report("purge")) { try await work.turn() })
    }
    return workers
  }

  /// Health says what callers would meet.
  private func follow(_ database: PostgresClient, _ health: HealthService) {
    let report: @Sendable (Bool) -> Void = { isAvailable in
      health.setStatus(UserServiceHandlers.serviceName, serving: isAvailable)
      health.setStatus("", serving: isAvailable)
    }
    database.onAvailabilityChange(report)
    report(database.isAvailable)
  }

  /// Returns when the task is cancelled.
  private func cancellation() async {
    let latch = AsyncStream<Never>.makeStream(bufferingPolicy: .bufferingNewest(1))
    await withTaskCancellationHandler {
      for await _ in latch.stream {}
    } onCancel: {
      latch.continuation.finish()
    }
  }
}
