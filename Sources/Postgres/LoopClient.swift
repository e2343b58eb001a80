import EventLoop
import Logging

/// The client's part on one loop: its shared connections, its part of the pool, and who waits for them.
///
/// Reads, on shared connections, are in LoopClient+Shared.swift, writes in LoopClient+Writes.swift, leases in
/// LoopClient+Leases.swift, deadlines, upkeep and shutdown in LoopClient+Upkeep.swift.
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
  /// Stalled ones that finish what they have, or are closed.
  var retiring: [Connection] = []
  /// Requests for which no connection has room.
  @exclusivity(unchecked) var waiting = Ring<PendingQuery>(capacity: 64)
  @exclusivity(unchecked) var circuit: Circuit
  var random = SystemRandomNumberGenerator()

  // Leases.
  var pool: LeasePool<ConnectionWaiter>
  var leased: [Int: Connection] = [:]
  /// Who waits for a lease or for its check, for deadlines.
  var leaseWaiters: [LeaseWaiter] = []
  /// Why the last leased connection could not be had.
  var lastFailure: PostgresError?

  // Writes.
  @exclusivity(unchecked) var scheduler: WriteScheduler<PendingWrite>
  /// Under way, or waiting for a connection.
  @exclusivity(unchecked) var units: [WriteUnit] = []
  /// Writes that go again after a while, and when.
  var delayed: [(due: UInt64, write: PendingWrite)] = []
  var retryTimer: LoopTimer?
  /// Connections whose write was answered and whose Sync was not, and since when.
  var settling: [Int: UInt64] = [:]
  @exclusivity(unchecked) var isFlushScheduled = false

  // Upkeep.
  var deadlineTimer: LoopTimer?
  @exclusivity(unchecked) var nextDeadline = UInt64.max
  var upkeepTimer: LoopTimer?
  /// Who waits for the end of the shutdown.
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
        connections: limits.size + limits.overflow, groups: groups, groupSize: settings.configuration.groupSize,
        queue: settings.configuration.writeQueueLimit))
    circuit = Circuit(now: MonotonicClock.nanoseconds)
  }

  /// On the loop.
  func start() {
    guard state == .new else { return }
    state = .running
    circuit = Circuit(now: loop.now)
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
    let timer = LoopTimer(on: loop) { [weak self] in self?.keepUp() }
    upkeepTimer = timer
    timer.schedule(after: Self.upkeepInterval)
  }

  /// Why a request is not even begun, or nil.
  func refusal(_ statement: String?) -> PostgresError? {
    guard state == .running else {
      return PostgresError(
        .shutDown, state == .new ? "The database client was not started." : "The database client is shut down.",
        statement: statement, isSafeToRetry: true)
    }
    guard !circuit.isOpen else {
      return unavailable.with(statement: statement, isSafeToRetry: true)
    }
    return nil
  }

  /// The refusal while the database is away, with what the last attempt met.
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
    case .leased(let id): settle(connection, id)
    }
  }
}

/// A place for one shared connection.
final class SharedSlot {
  @exclusivity(unchecked) var connection: Connection?
  var backoff: Backoff
  var timer: LoopTimer?

  init(backoff: Backoff) { self.backoff = backoff }
}
