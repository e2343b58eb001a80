import CPostgres
import EventLoop
import Glibc
import Logging

extension Connection {
  /// Starts connecting, first resolving the host names. Calls the owner's `connectionIsReady` or `connectionFailed`,
  /// possibly before it returns.
  func connect() {
    guard phase == .new else { return }
    phase = .connecting
    let hosts = settings.target.hosts
    guard hosts.contains(where: { $0.needsLookup }) else { return tryHosts(hosts) }
    Task(executorPreference: loop) { [self] in
      var found: [ConnectionString.Host] = []
      for host in hosts {
        do throws(PostgresError) {
          found += try await host.resolved(by: settings.resolver)
        } catch {
          note(error)
        }
      }
      tryHosts(found)
    }
  }

  private func tryHosts(_ hosts: [ConnectionString.Host]) {
    loop.assertCurrent()
    guard phase == .connecting else { return }
    candidates = hosts
    nextCandidate = 0
    tryNext()
  }

  private func tryNext() {
    while nextCandidate < candidates.count {
      let host = candidates[nextCandidate]
      nextCandidate += 1
      if start(host) { return }
    }
    phase = .closed
    dropHandle()
    owner?.connectionFailed(
      self, lastFailure ?? PostgresError(.unavailable, "The database cannot be reached.", isSafeToRetry: true))
  }

  /// Starts to connect to one host. Doesn't block: names are resolved already, and `gssencmode` is `disable` unless the
  /// URL sets it.
  /// - Returns: false if the attempt has already failed.
  private func start(_ host: ConnectionString.Host) -> Bool {
    let parameters = settings.target.parameters(for: host, settings.configuration)
    var keywords = parameters.map { UnsafePointer<CChar>(strdup($0.0)) }
    var values = parameters.map { UnsafePointer<CChar>(strdup($0.1)) }
    keywords.append(nil)
    values.append(nil)
    defer {
      for pointer in keywords + values { free(UnsafeMutablePointer(mutating: pointer)) }
    }
    guard let connection = PQconnectStartParams(keywords, values, 0) else { return false }
    handle = connection
    guard PQstatus(connection) != CONNECTION_BAD else {
      noteFailure(host)
      return false
    }
    // With it, the message of a failure contains the SQLSTATE.
    PQsetErrorVerbosity(connection, PQERRORS_VERBOSE)
    // Notices go to the logger, not to standard error. The unretained pointer is safe: `self` outlives `handle`.
    PQsetNoticeReceiver(connection, receiveNotice, Unmanaged.passUnretained(self).toOpaque())
    guard watch(.writable) else {
      noteFailure(host)
      return false
    }
    let timer = LoopTimer(on: loop) { [unowned self] in connectTimedOut() }
    timer.schedule(after: settings.configuration.connectTimeout)
    connectTimer = timer
    return true
  }

  /// Continues connecting when the socket is ready. PQconnectPoll may close libpq's socket and open another one with
  /// the same descriptor number, so this removes the epoll registration before each poll and makes a new one after it.
  func pollConnect() {
    guard let handle else { return }
    source?.cancel()
    source = nil
    switch PQconnectPoll(handle) {
    case PGRES_POLLING_READING: if !watch(.readable) { currentHostFailed() }
    case PGRES_POLLING_WRITING: if !watch(.writable) { currentHostFailed() }
    case PGRES_POLLING_OK: setUp(handle)
    default: currentHostFailed()
    }
  }

  private func connectTimedOut() {
    note(
      PostgresError(
        .unavailable, "The database at \(currentHost?.label ?? "?") did not accept the connection in time.",
        isSafeToRetry: true))
    dropHandle()
    tryNext()
  }

  private var currentHost: ConnectionString.Host? {
    nextCandidate > 0 && nextCandidate <= candidates.count ? candidates[nextCandidate - 1] : nil
  }

  private func currentHostFailed() {
    noteFailure(currentHost)
    tryNext()
  }

  private func noteFailure(_ host: ConnectionString.Host?) {
    let text = PQerrorMessage(handle).map { String(cString: $0) } ?? ""
    note(ConnectFailure.error(text, at: host?.label ?? "?"))
    dropHandle()
  }

  private func note(_ failure: PostgresError) {
    if let lastFailure, ConnectFailure.weight(lastFailure) > ConnectFailure.weight(failure) { return }
    lastFailure = failure
  }

  private func watch(_ interest: Readiness) -> Bool {
    guard let handle else { return false }
    let socket = PQsocket(handle)
    guard socket >= 0, let registered = try? loop.register(socket, interest, self) else { return false }
    source = registered
    return true
  }

  // MARK: Settings of the session

  /// Sets the limits of the session once the server has accepted the connection. The start-up parameter `options` could
  /// carry them, but PgBouncer refuses it.
  private func setUp(_ handle: OpaquePointer) {
    let script = settings.target.sessionScript(settings.configuration, role: role)
    isSettingUp = true
    guard PQsetnonblocking(handle, 1) == 0, PQsendQuery(handle, script) == 1, watch([.readable, .writable]) else {
      return currentHostFailed()
    }
    receiveSetUp()
  }

  /// Sends what is left of the settings, and reads their answer.
  func receiveSetUp() {
    guard let handle else { return }
    let unsent = PQflush(handle)
    guard unsent >= 0, PQconsumeInput(handle) == 1 else { return currentHostFailed() }
    while PQisBusy(handle) == 0 {
      guard let pointer = PQgetResult(handle) else { return established(handle) }
      let result = ResultStorage(pointer)
      switch result.status {
      case PGRES_COMMAND_OK: break
      case PGRES_TUPLES_OK:
        let server = PQgetvalue(pointer, 0, 0).map { String(cString: $0) }
        isPooled = server != "\(PQbackendPID(handle))"
      default:
        let text = PQresultErrorMessage(pointer).map { String(cString: $0) } ?? ""
        note(ConnectFailure.error(text, at: currentHost?.label ?? "?"))
        dropHandle()
        return tryNext()
      }
    }
    // TLS may hold decrypted bytes that the socket doesn't report as readable.
    if TLSBuffer.hasPending(handle) { return receiveSetUp() }
    if unsent == 0 { setInterest(.readable) }
  }

  private func established(_ handle: OpaquePointer) {
    guard PQstatus(handle) == CONNECTION_OK, PQenterPipelineMode(handle) == 1 else { return currentHostFailed() }
    connectTimer?.cancel()
    connectTimer = nil
    isSettingUp = false
    PQsetErrorVerbosity(handle, PQERRORS_DEFAULT)
    setInterest(.readable)
    phase = .ready
    readySince = loop.now
    lastProgress = loop.now
    owner?.connectionIsReady(self)
  }

  /// Logs a notice of the server: warnings as `warning`, all others as `debug`.
  func log(notice result: OpaquePointer) {
    let notice = PostgresError(result: result, statement: nil, isSafeToRetry: false)
    let level: Logger.Level = notice.severity == "WARNING" ? .warning : .debug
    loop.logThrottle.log(
      level, "The database sent a notice.", kind: notice.sqlState ?? "",
      metadata: [
        "severity": "\(notice.severity ?? "")", "sqlstate": "\(notice.sqlState ?? "")", "notice": "\(notice.message)",
      ], to: logger)
  }
}

/// libpq's notice receiver. libpq calls it from within its own functions, so on the connection's loop.
private let receiveNotice: @convention(c) (UnsafeMutableRawPointer?, OpaquePointer?) -> Void = { context, result in
  guard let context, let result else { return }
  Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue().log(notice: result)
}
