import EventLoop
import Logging
import Primitives

/// The part of the client that belongs to one loop: its shared connections, its share of the pool, and the requests
/// waiting for them.
///
/// LoopClient+Shared.swift has the reads, on shared connections; LoopClient+Writes.swift the writes;
/// LoopClient+Leases.swift the leases; LoopClient+Upkeep.swift deadlines, upkeep and shutdown.
// @unchecked Sendable: all state belongs to `loop`; asserted in debug builds.
final class LoopClient: ConnectionOwner, @unchecked Sendable {
  enum State { case new, running, draining, closed }

  let loop: EventLoop
  let index: Int
  let settings: ConnectionSettings
  let logger: Logger
  let availability: Availability
  @exclusivity(unchecked) var state = State.new

  // Shared connections.
  @exclusivity(unchecked) var slots: [SharedSlot] = []
  /// Stalled connections. They get no new requests, and are closed when they have answered or stayed silent too long.
  var retiring: [Connection] = []
  /// Reads that wait because no connection has room.
  @exclusivity(unchecked) var waitingReads = Ring<PendingQuery>(capacity: 64)
  @exclusivity(unchecked) var breaker: CircuitBreaker
  var random = SystemRandomNumberGenerator()

  // Leases.
  var pool: LeasePool<ConnectionWaiter>
  var leased: [Int: Connection] = [:]
  /// Callers that wait for a lease or its pre-ping; needed to find those whose deadline has passed.
  var leaseWaiters: [LeaseWaiter] = []
  /// The last failure of a connection: to connect, in its pre-ping, or in use. `unavailable` quotes it.
  var lastFailure: PostgresError?

  // Writes.
  @exclusivity(unchecked) var scheduler: WriteScheduler<PendingWrite>
  /// Attempts that are in flight or wait for a connection.
  @exclusivity(unchecked) var attempts: [WriteAttempt] = []
  /// Writes to try again, and when: CLOCK_MONOTONIC in nanoseconds.
  var delayed: [(due: UInt64, write: PendingWrite)] = []
  var retryTimer: LoopTimer?
  /// Connections whose write has been answered but whose Sync has not, and since when (CLOCK_MONOTONIC, nanoseconds).
  var settling: [Int: UInt64] = [:]
  @exclusivity(unchecked) var isFlushScheduled = false

  // Upkeep.
  var deadlineTimer: LoopTimer?
  @exclusivity(unchecked) var nextDeadline = UInt64.max
  var upkeepTimer: LoopTimer?
  /// Callers that wait for the end of the shutdown.
  var drained: [UnsafeContinuation<Void, Never>] = []
  var drainLimit = UInt64.max

  init(
    loop: EventLoop, index: Int, limits: LeasePool<ConnectionWaiter>.Limits, groups: Int,
    settings: ConnectionSettings, logger: Logger, availability: Availability
  ) {
    self.loop = loop
    self.index = index
    self.settings = settings
    self.logger = logger
    self.availability = availability
    pool = LeasePool(limits: limits)
    scheduler = WriteScheduler(
      limits: WriteScheduler.Limits(
        connections: limits.size + limits.overflow, groups: groups, groupSize: settings.configuration.maximumGroupSize,
        queue: settings.configuration.writeQueueLimit))
    breaker = CircuitBreaker(now: MonotonicClock.nanoseconds)
  }

  /// Opens the shared connections and starts the timers. Call it on the loop.
  func start() {
    guard state == .new else { return }
    state = .running
    breaker = CircuitBreaker(now: loop.now)
    for _ in 0..<max(1, settings.configuration.sharedConnectionsPerLoop) {
      let slot = SharedSlot(
        backoff: Backoff(first: settings.configuration.firstBackoff, limit: settings.configuration.longestBackoff))
      slot.timer = LoopTimer(on: loop) { [weak self, weak slot] in
        if let self, let slot { self.connect(slot) }
      }
      slots.append(slot)
      connect(slot)
    }
    deadlineTimer = LoopTimer(on: loop) { [weak self] in self?.expireDeadlines() }
    retryTimer = LoopTimer(on: loop) { [weak self] in self?.retryDelayed() }
    let timer = LoopTimer(on: loop) { [weak self] in self?.runUpkeep() }
    upkeepTimer = timer
    timer.schedule(after: Self.upkeepInterval)
  }

  /// The error for a request that must not be started now, or nil if it may start.
  /// - Parameter statement: the statement's name, for the error.
  func refusal(_ statement: String?) -> PostgresError? {
    guard state == .running else {
      return PostgresError(
        .shutDown, state == .new ? "The database client was not started." : "The database client is shut down.",
        statement: statement, isSafeToRetry: true)
    }
    guard !breaker.isOpen else {
      return unavailable.with(statement: statement, isSafeToRetry: true)
    }
    return nil
  }

  /// The error while the database is unreachable. Its message is that of the last failure.
  var unavailable: PostgresError {
    PostgresError(.unavailable, lastFailure?.message ?? "The database cannot be reached.", isSafeToRetry: true)
  }

  // MARK: ConnectionOwner

  func connectionIsReady(_ connection: Connection) {
    switch connection.role {
    case .shared: sharedIsReady(connection)
    case .leased(let id): perform(pool.connected(id, now: loop.now))
    }
  }

  func connectionFailed(_ connection: Connection, _ error: PostgresError) {
    availability.failed(error)
    switch connection.role {
    case .shared:
      lastFailure = error
      sharedFailed(connection, error)
    case .leased(let id):
      leased[id] = nil
      lastFailure = error
      perform(pool.connectFailed(id))
    }
  }

  func connectionWasLost(_ connection: Connection, _ error: PostgresError) {
    switch connection.role {
    case .shared: sharedWasLost(connection, error)
    case .leased(let id):
      leased[id] = nil
      settling[id] = nil
      lastFailure = error
      perform(pool.lost(id))
    }
  }

  func connectionMadeProgress(_ connection: Connection) {
    switch connection.role {
    case .shared: feed(connection)
    case .leased(let id): giveBackIfSettled(connection, id)
    }
  }
}

/// A place for one shared connection, with the timer that reconnects it.
final class SharedSlot {
  @exclusivity(unchecked) var connection: Connection?
  var backoff: Backoff
  var timer: LoopTimer?

  init(backoff: Backoff) { self.backoff = backoff }
}
