import ArgumentParser
import CommandOptions
import EventLoop
import Glibc
import Logging

struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serve users.v1.UserService, with health and reflection.",
    discussion: """
      SIGTERM and SIGINT stop it: it accepts no new calls and finishes those that run. A second signal ends it at once.
      With --tls-cert it serves TLS on its TCP addresses. It reloads the files when they change, and on SIGHUP. \
      Without these flags USER_SERVICE_TLS_CERT and USER_SERVICE_TLS_KEY (separated by commas) and \
      USER_SERVICE_TLS_CLIENT_CA name the files.
      Callers prove who they are by access tokens, which need keys: see 'user-service help keys'.
      """)

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Where to listen: HOST:PORT (all addresses of the host), [V6]:PORT, unix:PATH, or systemd for the sockets that it"
        + " passes; may be given several times. Port 0 lets the system choose one."
        + " [env: USER_SERVICE_LISTEN, separated by commas] (default: 127.0.0.1:50051)",
      valueName: "address"))
  var listen: [String] = []

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The mode of Unix sockets (who may connect): 660. [env: USER_SERVICE_UNIX_MODE] (default: by the umask)",
      valueName: "mode"))
  var unixMode: String?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "The number of event loops, each with a thread. [env: USER_SERVICE_LOOPS] (default: one for each processor)",
      valueName: "count"))
  var loops: Int?

  @Option(
    name: .long,
    help: ArgumentHelp(
      "How many seconds running calls get to finish after a signal. [env: USER_SERVICE_DRAIN_TIMEOUT] (default: 30)",
      valueName: "seconds"))
  var drainTimeout: Int?

  @Flag(name: .long, help: "Migrate the schema first, as `migrate` does.")
  var migrate = false

  @Flag(name: .long, help: "Log each call: method, status, duration and sizes. [env: USER_SERVICE_ACCESS_LOG=true]")
  var accessLog = false

  @Option(
    name: .long,
    help: ArgumentHelp(
      "Serve gRPC-Web to pages of this origin, such as https://app.example.com; may be given several times. '*' allows"
        + " any origin, without credentials. [env: USER_SERVICE_WEB_ORIGINS, separated by commas]",
      valueName: "origin"))
  var webOrigin: [String] = []

  @Flag(
    name: .long,
    help: "Serve grpc.channelz.v1, which shows connections and open calls. [env: USER_SERVICE_CHANNELZ=true]")
  var channelz = false

  @OptionGroup var access: AccessOptions
  @OptionGroup var tls: TLSOptions
  @OptionGroup var serving: ServingOptions
  @OptionGroup var purge: PurgeOptions
  @OptionGroup var events: EventOptions
  @OptionGroup var database: DatabaseOptions
  @OptionGroup var replicas: ReplicaOptions
  @OptionGroup var pool: PoolOptions
  @OptionGroup var logging: LoggingOptions

  func run() throws {
    var settings = Service.Settings(addresses: try addresses(), database: try database.postgres())
    settings.access = try access.settings()
    settings.inherited = try inherited()
    settings.unixMode = try mode()
    try serving.apply(to: &settings.configuration)
    try purge.apply(to: &settings)
    try events.apply(to: &settings)
    try pool.apply(to: &settings.database)
    settings.replicas = replicas.configurations(like: settings.database)
    settings.startupTimeout = try database.timeout()
    settings.migrates = migrate
    settings.logsCalls = try accessLog || isSet("USER_SERVICE_ACCESS_LOG")
    settings.webOrigins = try origins()
    settings.servesChannelz = try channelz || isSet("USER_SERVICE_CHANNELZ")
    settings.grace = .seconds(
      try Limits.seconds(drainTimeout, flag: "--drain-timeout")
        ?? Environment.value("USER_SERVICE_DRAIN_TIMEOUT", "a number of seconds, 0 or more", Limits.seconds) ?? 30)
    let credentials = try tls.credentials(environment: "USER_SERVICE")
    let count = try loopCount()
    let logger = try logging.bootstrap()
    settings.certificates = credentials.map { Certificates(credentials: $0, logger: logger) }
    let certificates = settings.certificates
    let reload: @Sendable () -> Void = {
      guard let certificates else { return logger.notice("SIGHUP ignored: without TLS there is nothing to reload.") }
      certificates.reload()
    }
    try Program.run(loops: count, logger: logger, onHangup: reload) { [settings] loops in
      try await Service(settings, loops: loops, logger: logger).run()
    }
  }

  private func origins() throws -> [String] {
    try (webOrigin.isEmpty ? EnvironmentList.values(of: "USER_SERVICE_WEB_ORIGINS") ?? [] : webOrigin).map { origin in
      // As browsers send it (RFC 6454, section 6.1): a scheme, a host and an optional port, without a path.
      let parts = origin.split(separator: "/", omittingEmptySubsequences: false)
      guard origin == "*" || parts.count == 3 && parts[0].hasSuffix(":") && parts[1].isEmpty && !parts[2].isEmpty else {
        throw ValidationError(
          "\(webOrigin.isEmpty ? "USER_SERVICE_WEB_ORIGINS" : "--web-origin") has '\(origin)'; it must be an"
            + " origin such as https://app.example.com, without a slash at its end, or *.")
      }
      return origin
    }
  }

  private func isSet(_ variable: String) throws -> Bool {
    try Environment.value(variable, "true or false", Bool.init) ?? false
  }

  private func loopCount() throws -> Int {
    if let loops {
      guard Limits.loops(String(loops)) != nil else { throw ValidationError("--loops must be from 1 to 256.") }
      return loops
    }
    return try Environment.value("USER_SERVICE_LOOPS", "a number from 1 to 256", Limits.loops)
      ?? EventLoopGroup.processorCount
  }

  private func listenTexts() throws -> [String] {
    listen.isEmpty ? try EnvironmentList.values(of: "USER_SERVICE_LISTEN") ?? ["127.0.0.1:50051"] : listen
  }

  private func inherited() throws -> [Int32] {
    guard try listenTexts().contains("systemd") else { return [] }
    do throws(EventLoopError) {
      let descriptors = try SocketActivation.take()
      guard !descriptors.isEmpty else {
        throw EventLoopError(call: "sd_listen_fds", errno: ENOENT, subject: "systemd")
      }
      return descriptors
    } catch {
      throw ValidationError("--listen systemd needs the sockets of a .socket unit (\(error)).")
    }
  }

  private func mode() throws -> UInt32? {
    let parse: (String) -> UInt32? = { UInt32($0, radix: 8).flatMap { $0 <= 0o777 ? $0 : nil } }
    guard let unixMode else { return try Environment.value("USER_SERVICE_UNIX_MODE", "a mode such as 660", parse) }
    guard let mode = parse(unixMode) else { throw ValidationError("--unix-mode must be a mode such as 660.") }
    return mode
  }

  private func addresses() throws -> [SocketAddress] {
    let isFlag = !listen.isEmpty
    return try listenTexts().filter { $0 != "systemd" }.map { text in
      guard let address = SocketAddress(text) else {
        throw ValidationError(
          "\(isFlag ? "--listen" : "USER_SERVICE_LISTEN") has '\(text)'; it must be HOST:PORT, unix:PATH or systemd.")
      }
      return address
    }
  }
}
