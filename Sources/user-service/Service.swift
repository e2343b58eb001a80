import CJemalloc
import EventLoop
import Logging
import Postgres
import PostgresUserStore
import RPCCore
import RPCDiagnostics
import RPCGateway
import RPCGraphQL
import RPCServer
import Tokens
import Transport
import UserService

/// A process that serves: prepares the database, listens, and shuts down in the opposite order.
struct Service: Sendable {
  struct Access: Sendable {
    /// Where the keys are; nil: nowhere.
    var directory: KeyDirectory?
    var keys = LiveKeys(KeySet())
    var authority = TokenAuthority(issuer: "user-service", audience: "user-service")
    /// The scopes of client certificates by their identities.
    var certificates: [String: [String]] = [:]
    /// Whether calls without credentials may do everything.
    var allowsAnonymous = false
    /// Of password hashes.
    var passwordCost = 12
    /// What no new password may be.
    var refusedPasswords = RefusedPasswords()
  }

  struct EventSettings: Sendable {
    /// How long events are kept.
    var retention = FeedPruning.defaultRetention
    /// How often it looks for events that nobody told it of.
    var poll = Duration.seconds(1)
    /// Whether it tells other processes of events, and is told by them.
    var listens = true
  }

  struct Settings: Sendable {
    let addresses: [SocketAddress]
    /// Descriptors of sockets that systemd passed.
    var inherited: [Int32] = []
    var unixMode: UInt32?
    var configuration = ServerConfiguration()
    var database: PostgresConfiguration
    /// Where replicas of the database are.
    var replicas: [PostgresConfiguration] = []
    /// How long to wait for the database.
    var startupTimeout = Duration.seconds(15)
    /// How long running calls may take to finish after a signal.
    var grace = Duration.seconds(30)
    var migrates = false
    var logsCalls = false
    var servesChannelz = false
    /// How long deleted users can be restored.
    var retention = PostgresUserStore.defaultRetention
    /// How often the purge runs; zero turns it off.
    var purgeInterval = Duration.seconds(60)
    var purgeBatch = UserPurge.defaultBatchSize
    var events = EventSettings()
    /// The certificates for TLS on TCP addresses; nil: no TLS.
    var certificates: Certificates?
    /// Who may call.
    var access = Access()
    /// The origins of pages that may call by gRPC-Web; if empty, it is not served.
    var webOrigins: [String] = []

    init(addresses: [SocketAddress], database: PostgresConfiguration) {
      self.addresses = addresses
      self.database = database
    }
  }

  /// Streams that last: they must not take the place of other calls.
  private static let watching = CallClass(
    "watching", methods: ["\(UserServiceHandlers.serviceName)/WatchUsers"], maximumRunning: 4096)

  private let settings: Settings
  private let loops: EventLoopGroup
  private let logger: Logger

  init(_ settings: Settings, loops: EventLoopGroup, logger: Logger) {
    self.settings = settings
    self.loops = loops
    self.logger = logger
  }

  /// Serves until the task is cancelled, and then finishes the running calls.
  /// - Throws: `Unavailable` if it can't listen or can't use the database; `CancellationError` if the task is cancelled
  ///   before it serves.
  func run() async throws {
    let database = try Database.connect(settings.database, loops: loops, logger: logger)
    var replicas: [PostgresClient] = []
    do {
      for configuration in settings.replicas {
        replicas.append(try Database.connect(configuration, loops: loops, logger: logger))
      }
      try await Database.waitUntilReady(database, timeout: settings.startupTimeout)
      let check = StartCheck(client: database, logger: logger)
      try await check.database()
      if settings.migrates { _ = try await Database.migrate(database, logger: logger) }
      try await Database.checkSchema(database, logger: logger)
      try await check.serving(connections: database.maximumConnections, purges: settings.purgeInterval > .zero)
      try await serve(on: database, replicas)
    } catch {
      for replica in replicas { await replica.shutdown() }
      await database.shutdown()
      throw error
    }
    for replica in replicas { await replica.shutdown() }
    await database.shutdown()
    logger.info("Stopped.", metadata: ["allocated_bytes": "\(cjemalloc_allocated_bytes())"])
  }

  private func serve(on database: PostgresClient, _ clients: [PostgresClient]) async throws {
    let health = HealthService()
    reportAvailability(of: database, to: health)
    let replicas =
      clients.isEmpty ? nil : ReplicaSet(primary: database, replicas: clients, logger: logger)
    let events = Events(
      settings.events, database: database, retention: settings.retention, replicas: replicas, logger: logger)
    let users = events.users
    let accounts = Accounts(settings.access, database: database, users: users, onWrite: { events.nudge() })
    defer { accounts.hasher.shutdown() }
    var services: [any ServiceProvider] = [
      UserServiceHandlers(store: users, feed: events.feed), accounts.handlers, health,
    ]
    if settings.servesChannelz { services.append(ChannelzService()) }
    var configuration = settings.configuration
    configuration.errorDomain = UserServiceError.domain
    configuration.callClasses.append(Self.watching)
    if !settings.webOrigins.isEmpty { configuration.web = WebConfiguration(origins: settings.webOrigins) }
    services += Reflection.services(for: services)
    configuration.routes += try APIDocument.make().routes(options: APIDocument.options)
    configuration.serve(try GraphQLEndpoint.make())
    let figures = ServerFigures(database: database, loops: loops.loops.count)
    configuration.routes += Console.routes(figures)
    configuration.connect = ConnectConfiguration()
    configuration.serve(try JSONGateway(services: services))
    let server = try GRPCServer(
      services: services, interceptors: try interceptors(services, accounts), configuration: configuration,
      loops: loops,
      logger: logger)
    figures.attach(server)
    let files = OffloadPool(threads: 1, queueLimit: 4)
    defer { files.shutdown() }
    let workers = workers(on: database, replicas, files, health, accounts, events)
    do {
      let bound =
        try settings.addresses.flatMap { try listen(server, $0) } + settings.inherited.map { try listen(server, $0) }
      let addresses = bound.map(\.description).joined(separator: ", ")
      Output.line("ready: serving \(UserServiceHandlers.serviceName) on \(addresses)")
    } catch {
      await server.shutdown(grace: .zero)
      throw error
    }
    for worker in workers { worker.start() }
    events.start()
    await cancellation()
    logger.info("Stopping: waiting for running calls.", metadata: ["limit": "\(settings.grace)"])
    health.shutdown()
    await events.stop()
    for worker in workers { await worker.stop() }
    await server.shutdown(grace: settings.grace)
  }

  /// The access log first: it is to have the calls, too, that are refused.
  private func interceptors(
    _ services: [any ServiceProvider], _ accounts: Accounts
  ) throws -> [any ServerInterceptor] {
    let access = settings.access
    if access.allowsAnonymous { logger.warning("Everybody may make every call, without credentials: --insecure-dev.") }
    let control = AccessControl(
      policy: try AccessPolicy(services.map { type(of: $0).serviceDescriptor }), keys: access.keys,
      authority: access.authority, certificates: access.certificates, ended: accounts.ended,
      allowsAnonymous: access.allowsAnonymous, loops: loops, now: WallClock.seconds)
    return (settings.logsCalls ? [AccessLog(logger: logger)] : []) + [control]
  }

  private func listen(_ server: GRPCServer, _ address: SocketAddress) throws -> [SocketAddress] {
    do throws(EventLoopError) {
      if case .unix = address { return try server.listen(on: address, mode: settings.unixMode) }
      return try server.listen(on: address, tls: settings.certificates?.credentials)
    } catch {
      throw Unavailable(message: "\(error). Stop the process that uses the address, or choose another with --listen.")
    }
  }

  private func listen(_ server: GRPCServer, _ descriptor: Int32) throws -> SocketAddress {
    let isUnix = if case .unix = Socket.localAddress(descriptor) { true } else { false }
    do throws(EventLoopError) {
      return try server.listen(adopting: descriptor, tls: isUnix ? nil : settings.certificates?.credentials)
    } catch {
      throw Unavailable(message: "A socket that systemd passed can't be used: \(error).")
    }
  }

  /// The background workers. Each has a health status of its own, `worker/NAME`: calls still succeed when one fails, so
  /// that is no reason to route callers elsewhere.
  private func workers(
    on database: PostgresClient, _ replicas: ReplicaSet?, _ files: OffloadPool, _ health: HealthService,
    _ accounts: Accounts, _ events: Events
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
    workers += accounts.workers(on: loop, logger: logger, report: report)
    workers += events.workers(on: loop, logger: logger, report: report)
    if let directory = settings.access.directory {
      let keys = KeyFiles(directory: directory, keys: settings.access.keys, logger: logger)
      workers.append(keys.makeWorker(on: loop, files: files, onChange: report("keys")))
    }
    if let replicas {
      workers.append(
        BackgroundWorker("replicas", on: loop, logger: logger, onChange: report("replicas")) {
          let rest = try await replicas.turn()
          for status in replicas.statuses {
            health.setStatus("replica/\(status.number)", serving: status.staleness.map { $0 < .seconds(60) } ?? false)
          }
          return rest
        })
    }
    let requests = RequestPurge(client: database)
    workers.append(
      BackgroundWorker("requests", on: loop, logger: logger, onChange: report("requests")) {
        try await requests.turn()
      })
    if settings.purgeInterval > .zero {
      let purge = UserPurge(client: database, batchSize: settings.purgeBatch)
      let work = PurgeWork(purge, every: settings.purgeInterval, logger: logger)
      workers.append(
        BackgroundWorker("purge", on: loop, logger: logger, onChange: report("purge")) { try await work.turn() })
    }
    return workers
  }

  /// Reports NOT_SERVING while the database is not available: calls would fail then.
  private func reportAvailability(of database: PostgresClient, to health: HealthService) {
    let report: @Sendable (Bool) -> Void = { isAvailable in
      health.setStatus(UserServiceHandlers.serviceName, serving: isAvailable)
      health.setStatus(AccountServiceHandlers.serviceName, serving: isAvailable)
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
