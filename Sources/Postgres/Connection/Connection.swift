import CPostgres
import EventLoop
import Logging
import Primitives

/// What a connection reports to the loop's client. All calls come on the loop.
protocol ConnectionOwner: AnyObject {
  /// The connection can take requests.
  func connectionIsReady(_ connection: Connection)
  /// The connection could not be opened.
  func connectionFailed(_ connection: Connection, _ error: PostgresError)
  /// An open connection was lost, or was closed because of an error. After this call its requests are answered or
  /// resubmitted.
  func connectionWasLost(_ connection: Connection, _ error: PostgresError)
  /// Data arrived from the server: there may be room for more requests.
  func connectionMadeProgress(_ connection: Connection)
  /// Another connection should run the request, which can do no harm: it is a read, or was not sent.
  func resubmit(_ request: PendingQuery)
}

/// One libpq connection on one loop: connecting, sending, receiving, closing.
///
/// Always nonblocking, and in pipeline mode except while it runs a script. `Pipeline` keeps the order of the requests
/// in flight; this class executes the actions that it returns. Connection+Connecting.swift connects,
/// Connection+Sending.swift sends, Connection+Receiving.swift receives.
// @unchecked Sendable: all state belongs to `loop`; asserted in debug builds.
final class Connection: ReadinessHandler, TurnFlushable, @unchecked Sendable {
  enum Role: Sendable, Hashable {
    /// Pipelined; carries the reads of all calls of the loop.
    case shared
    /// Leased to one holder at a time. The value is the pool's number for it.
    case leased(Int)
  }

  enum Phase { case new, connecting, ready, closed }

  let loop: EventLoop
  let role: Role
  let settings: ConnectionSettings
  let logger: Logger
  weak var owner: (any ConnectionOwner)?

  @exclusivity(unchecked) var phase = Phase.new
  @exclusivity(unchecked) var handle: OpaquePointer?
  var source: IOSource?

  /// Called for notifications, however many came at once. Only for a connection that listens.
  var onNotification: (() -> Void)?

  // Connecting.
  var candidates: [ConnectionString.Host] = []
  var nextCandidate = 0
  var lastFailure: PostgresError?
  var connectTimer: LoopTimer?
  /// The server has accepted the connection, but hasn't answered the settings of the session yet.
  var isSettingUp = false
  /// A pooler accepted the connection: the process id that it sent isn't that of the server's process. Set before the
  /// connection is ready.
  var isPooled = false

  // Ready.
  @exclusivity(unchecked) var pipeline = Pipeline<PendingQuery>()
  @exclusivity(unchecked) var registry = StatementRegistry()
  let parameterBuffer = ParameterBuffer()
  @exclusivity(unchecked) var batch = TurnBatch<PendingQuery>()
  /// The requests that `flushTurn` is sending; empty between flushes.
  @exclusivity(unchecked) var outgoing = TurnBatch<PendingQuery>()
  /// The running script, if any. Nothing else is sent until it is done.
  @exclusivity(unchecked) var script: PendingQuery?
  var scriptRows: PostgresRows?
  var scriptError: PostgresError?
  /// A read before the Sync that the server answers next has timed out on a lock.
  var metLock = false
  /// Names under which the server did not prepare a statement as asked. Emptied when nothing is in flight.
  var unprepared: Set<String> = []
  @exclusivity(unchecked) var isFlushScheduled = false
  /// When it became ready. CLOCK_MONOTONIC in nanoseconds.
  @exclusivity(unchecked) var readySince: UInt64 = 0
  /// When the server last answered, or was sent the first request after all others were answered. CLOCK_MONOTONIC in
  /// nanoseconds.
  @exclusivity(unchecked) var lastProgress: UInt64 = 0

  init(loop: EventLoop, role: Role, settings: ConnectionSettings, logger: Logger, owner: any ConnectionOwner) {
    self.loop = loop
    self.role = role
    self.settings = settings
    self.logger = logger
    self.owner = owner
  }

  deinit { assert(handle == nil, "a connection was dropped without being closed") }

  var isReady: Bool { phase == .ready }

  /// How many requests it has that the server has not answered yet, sent or not.
  var load: Int { pipeline.outstanding + batch.count + (script == nil ? 0 : 1) }

  var isShared: Bool { role == .shared }

  /// Fit for the next holder: no open transaction and no request in progress.
  var isClean: Bool {
    guard phase == .ready, let handle else { return false }
    return load == 0 && pipeline.isIdle && PQtransactionStatus(handle) == PQTRANS_IDLE
  }

  /// The server has become read-only although the client needs one that takes writes. Postgres reports changes of these
  /// settings on its own.
  var turnedReadOnly: Bool {
    guard phase == .ready, let handle, settings.needsReadWrite else { return false }
    for name in ["in_hot_standby", "default_transaction_read_only"] {
      if let value = PQparameterStatus(handle, name), String(cString: value) == "on" { return true }
    }
    return false
  }

  /// Makes a request to cancel the statement that is running now. Sending it blocks.
  func cancelRequest() -> CancelRequest? { handle.flatMap(CancelRequest.init) }

  /// Calls `body` with each request that waits for an answer.
  func forEachRequest(_ body: (PendingQuery) -> Void) {
    pipeline.forEachRequest { $0.lookups.isEmpty ? body($0) : $0.lookups.forEach(body) }
    batch.reads.forEach(body)
    batch.singles.forEach(body)
    if let script { body(script) }
  }

  /// The loop reports that the socket is ready.
  func ready(_ readiness: Readiness) {
    loop.assertCurrent()
    switch phase {
    case .connecting: isSettingUp ? receiveSetUp() : pollConnect()
    case .ready: transfer()
    case .new, .closed: break
    }
  }

  // MARK: Closing

  /// Closes the connection without telling the owner, and answers all its requests with `error`.
  func close(_ error: PostgresError) {
    guard phase != .closed else { return }
    for request in tearDown() {
      request.fail(error.with(statement: request.statement.name, isSafeToRetry: request.isSafeToRetry))
    }
  }

  /// Closes a connection that has failed, and tells the owner. Then resubmits those of its requests that are safe to
  /// retry (see `interrupt`), and answers the others with `error`.
  func lose(_ error: PostgresError) {
    guard phase == .ready else { return }
    let requests = tearDown()
    owner?.connectionWasLost(self, error)
    for request in requests { interrupt(request, error) }
  }

  /// Resubmits or answers a request whose connection was lost before it was answered. Only requests on shared
  /// connections are resubmitted, once each: reads, and others of which nothing was sent.
  func interrupt(_ request: PendingQuery, _ error: PostgresError) {
    guard !request.isAnswered else { return }
    // Each lookup separately: they need not share a statement again.
    for lookup in request.lookups { interrupt(lookup, error) }
    guard request.lookups.isEmpty else { return }
    // Only once. Losing a connection that was already open when the first one was lost doesn't count: same outage.
    let mayResubmit = request.firstLossAt.map { readySince <= $0 } ?? true
    if isShared, request.isSafeToRetry, mayResubmit, let owner {
      if request.firstLossAt == nil { request.firstLossAt = loop.now }
      request.isSent = false
      request.hasOwnSync = false
      owner.resubmit(request)
      return
    }
    request.fail(error.with(statement: request.statement.name, isSafeToRetry: request.isSafeToRetry))
  }

  /// Closes the connection and frees its resources.
  /// - Returns: the requests that have no answer.
  private func tearDown() -> [PendingQuery] {
    phase = .closed
    dropHandle()
    var requests = pipeline.abandon()
    requests += batch.reads
    requests += batch.singles
    batch.removeAll()
    if let script { requests.append(script) }
    script = nil
    scriptRows = nil
    scriptError = nil
    return requests
  }

  func dropHandle() {
    isSettingUp = false
    connectTimer?.cancel()
    connectTimer = nil
    // Remove the epoll registration before PQfinish closes the descriptor.
    source?.cancel()
    source = nil
    if let handle { PQfinish(handle) }
    handle = nil
  }
}

/// Settings that all connections of a client share.
struct ConnectionSettings: Sendable {
  let configuration: PostgresConfiguration
  let target: ConnectionString
  let resolver: NameResolver
  /// Runs cancel requests, which block. A pool of its own, so that they don't queue behind name lookups.
  let cancellations: OffloadPool
  let slowQueryNanoseconds: UInt64

  init(
    configuration: PostgresConfiguration, target: ConnectionString, resolver: NameResolver, cancellations: OffloadPool
  ) {
    self.configuration = configuration
    self.target = target
    self.resolver = resolver
    self.cancellations = cancellations
    slowQueryNanoseconds = configuration.slowQueryThreshold.clampedNanoseconds
  }

  /// Whether the client must refuse servers that take no writes: only if the URL's `target_session_attrs` says so.
  var needsReadWrite: Bool {
    switch target.options["target_session_attrs"] {
    case "read-write", "primary": true
    default: false
    }
  }
}
