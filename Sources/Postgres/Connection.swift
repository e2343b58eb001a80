import CPostgres
import EventLoop
import Logging

/// What a connection tells the loop's client. All calls come on the loop.
protocol ConnectionOwner: AnyObject {
  func connectionIsReady(_ connection: Connection)
  /// It never came up.
  func connectionFailed(_ connection: Connection, _ error: PostgresError)
  /// It was up, and closed by itself or for a fault. Its requests are answered or resubmitted after this.
  func connectionWasLost(_ connection: Connection, _ error: PostgresError)
  /// Answers came: there may be room for more.
  func connectionMadeProgress(_ connection: Connection)
  /// Nothing of the request had an effect: another connection shall have it.
  func resubmit(_ request: PendingQuery)
}

/// One libpq connection on one loop: connecting, sending, receiving, closing.
///
/// Always nonblocking and, but for scripts, in pipeline mode. The order of what is under way is kept by `Pipeline`;
/// this class executes its actions. Connecting is in Connection+Connecting.swift, sending in Connection+Sending.swift,
/// receiving in Connection+Receiving.swift.
// @unchecked Sendable: all state belongs to `loop`; asserted in debug builds.
final class Connection: ReadinessHandler, TurnFlushable, @unchecked Sendable {
  enum Role: Sendable, Hashable {
    /// Pipelined, for the reads of all calls of the loop.
    case shared
    /// Lent to one task at a time; the number that the pool knows it by.
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

  // Connecting.
  var candidates: [ConnectionString.Host] = []
  var nextCandidate = 0
  var lastFailure: PostgresError?
  var connectTimer: LoopTimer?

  // Ready.
  @exclusivity(unchecked) var pipeline = Pipeline<PendingQuery>()
  @exclusivity(unchecked) var registry = StatementRegistry()
  let parameterBuffer = ParameterBuffer()
  @exclusivity(unchecked) var batch = TurnBatch<PendingQuery>()
  /// What `flushTurn` is sending; empty between flushes.
  @exclusivity(unchecked) var outgoing = TurnBatch<PendingQuery>()
  /// A script under way: no pipelining until it is done.
  @exclusivity(unchecked) var script: PendingQuery?
  var scriptRows: PostgresRows?
  var scriptError: PostgresError?
  /// A read before the next Sync was refused for a lock that others hold.
  var metLock = false
  @exclusivity(unchecked) var isFlushScheduled = false
  /// When it came up.
  @exclusivity(unchecked) var readySince: UInt64 = 0
  /// When the server last answered, or was first asked after a pause.
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

  /// Requests that it has and that have no answer from the server yet.
  var load: Int { pipeline.outstanding + batch.count + (script == nil ? 0 : 1) }

  var isShared: Bool { role == .shared }

  /// As good as new for the next holder: no transaction open and nothing under way.
  var isClean: Bool {
    guard phase == .ready, let handle else { return false }
    return load == 0 && pipeline.isIdle && PQtransactionStatus(handle) == PQTRANS_IDLE
  }

  /// The server says that it takes no writes any more (it reports these settings whenever they change).
  var turnedReadOnly: Bool {
    guard phase == .ready, let handle, settings.needsReadWrite else { return false }
    for name in ["in_hot_standby", "default_transaction_read_only"] {
      if let value = PQparameterStatus(handle, name), String(cString: value) == "on" { return true }
    }
    return false
  }

  /// What cancels the statement that runs now.
  func cancelRequest() -> CancelRequest? { handle.flatMap(CancelRequest.init) }

  /// Each request that waits for an answer.
  func forEachRequest(_ body: (PendingQuery) -> Void) {
    pipeline.forEachRequest { $0.lookups.isEmpty ? body($0) : $0.lookups.forEach(body) }
    batch.reads.forEach(body)
    batch.singles.forEach(body)
    if let script { body(script) }
  }

  func ready(_ readiness: Readiness) {
    loop.assertCurrent()
    switch phase {
    case .connecting: pollConnect()
    case .ready: transfer()
    case .new, .closed: break
    }
  }

  // MARK: Closing

  /// Closes without telling the owner; what is under way is answered with `error`.
  func close(_ error: PostgresError) {
    guard phase != .closed else { return }
    for request in tearDown() {
      request.fail(error.with(statement: request.statement.name, isSafeToRetry: request.isSafeToRetry))
    }
  }

  /// The connection is of no further use: tells the owner, then sees to what was under way. Reads, and writes of which
  /// nothing was sent, get one more chance elsewhere.
  func lose(_ error: PostgresError) {
    guard phase == .ready else { return }
    let requests = tearDown()
    owner?.connectionWasLost(self, error)
    for request in requests { interrupt(request, error) }
  }

  /// A request whose connection died before it was answered.
  func interrupt(_ request: PendingQuery, _ error: PostgresError) {
    guard !request.isDone else { return }
    // Each for itself: they need not travel together again.
    for lookup in request.lookups { interrupt(lookup, error) }
    guard request.lookups.isEmpty else { return }
    // Once; a connection that was open already when the first one died belongs to the same outage and does not count.
    let mayResubmit = request.firstLossAt.map { readySince <= $0 } ?? true
    if isShared, request.isSafeToRetry, mayResubmit, let owner {
      if request.firstLossAt == nil { request.firstLossAt = loop.now }
      request.isSent = false
      request.isAlone = false
      owner.resubmit(request)
      return
    }
    request.fail(error.with(statement: request.statement.name, isSafeToRetry: request.isSafeToRetry))
  }

  /// Frees everything and takes out what has no answer.
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
    connectTimer?.cancel()
    connectTimer = nil
    // The registration goes before the descriptor does.
    source?.cancel()
    source = nil
    if let handle { PQfinish(handle) }
    handle = nil
  }
}

/// What all connections of a client have in common.
struct ConnectionSettings: Sendable {
  let configuration: PostgresConfiguration
  let target: ConnectionString
  let lookups: OffloadPool
  /// For cancel requests, which block: apart, so that they wait for no name lookup.
  let cancellations: OffloadPool
  let slowQueryNanoseconds: UInt64

  init(
    configuration: PostgresConfiguration, target: ConnectionString, lookups: OffloadPool, cancellations: OffloadPool
  ) {
    self.configuration = configuration
    self.target = target
    self.lookups = lookups
    self.cancellations = cancellations
    slowQueryNanoseconds = configuration.slowQueryThreshold.clampedNanoseconds
  }

  /// Whether a server that takes no writes is as good as none.
  var needsReadWrite: Bool {
    switch target.options["target_session_attrs"] {
    case nil, "read-write", "primary": true
    default: false
    }
  }
}
