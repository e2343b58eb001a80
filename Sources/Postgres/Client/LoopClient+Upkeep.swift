import EventLoop
import Logging
import Primitives

extension LoopClient {
  static let upkeepInterval = Duration.milliseconds(500)
  private static let drainInterval = Duration.milliseconds(10)
  /// How long the server may stay silent beyond its statement_timeout; after that the connection counts as dead.
  private static let silenceGrace = Duration.seconds(5)

  // MARK: Deadlines

  /// Makes sure that `expireDeadlines` runs at `deadline` (CLOCK_MONOTONIC, nanoseconds). One timer serves all
  /// requests: deadlines mostly come in order and most are met, so the timer is set about once for each time it fires.
  func watch(_ deadline: UInt64) {
    guard deadline < nextDeadline else { return }
    nextDeadline = deadline
    deadlineTimer?.schedule(atNanoseconds: deadline)
  }

  /// Answers everything whose deadline has passed, and sets the timer for the next deadline.
  func expireDeadlines() {
    let now = loop.now
    nextDeadline = .max
    var next = UInt64.max
    var expired: [PendingQuery] = []
    func look(_ request: PendingQuery) {
      guard !request.isAnswered else { return }
      if request.deadline <= now { expired.append(request) } else { next = min(next, request.deadline) }
    }
    waitingReads.forEach(look)
    for connection in slots.compactMap(\.connection) + retiring { connection.forEachRequest(look) }
    for request in expired { request.expire() }
    waitingReads.filter { !$0.isAnswered }
    for connection in leased.values {
      expired = []
      connection.forEachRequest(look)
      for request in expired { request.expire() }
      // No other caller may get a connection on which a statement still runs.
      if !expired.isEmpty { abandon(connection) }
    }
    for waiter in leaseWaiters where !waiter.isAnswered {
      if waiter.deadline <= now { expire(waiter) } else { next = min(next, waiter.deadline) }
    }
    leaseWaiters.removeAll { $0.isAnswered }
    next = min(next, expireWrites(now))
    if next != .max { watch(next) }
  }

  // MARK: Upkeep

  /// Runs on the upkeep timer: the circuit breaker, stalled and read-only connections, idle ones, and the shutdown.
  func runUpkeep() {
    guard state != .closed else { return }
    let now = loop.now
    if state == .running {
      note(breaker.tick(now: now))
      retireStalled(now)
      closeReadOnly()
      perform(pool.recycle(now: now))
    }
    if state == .draining, isDrained || now >= drainLimit { return finishShutdown() }
    upkeepTimer?.schedule(after: state == .draining ? Self.drainInterval : Self.upkeepInterval)
  }

  /// Takes a stalled connection out of use, whether a slow statement or the network holds it up: it gets no new
  /// requests, and another connection replaces it.
  private func retireStalled(_ now: UInt64) {
    let patience = settings.configuration.stalledAfter.clampedNanoseconds
    let end = (settings.configuration.statementTimeout + Self.silenceGrace).clampedNanoseconds
    for slot in slots {
      guard let connection = slot.connection, connection.isReady, connection.load > 0 else { continue }
      guard now > connection.lastProgress.saturatingAdd(patience) else { continue }
      guard retiring.count < slots.count else { continue }
      retiring.append(connection)
      slot.connection = nil
      breaker.lost(now: now)
      loop.logThrottle.log(.warning, "A shared database connection has stalled: another one is opened.", to: logger)
      connect(slot)
    }
    for connection in retiring {
      if connection.load == 0 {
        retiring.removeAll { $0 === connection }
        connection.close(PostgresError(.connectionLost, "The connection was retired."))
      } else if now > connection.lastProgress.saturatingAdd(end) {
        connection.lose(PostgresError(.connectionLost, "The database no longer answers."))
      }
    }
  }

  private func closeReadOnly() {
    for connection in slots.compactMap(\.connection) where connection.turnedReadOnly {
      connection.lose(PostgresError(.readOnlyServer, "The database server no longer takes writes."))
    }
  }

  // MARK: Shutdown

  /// Refuses new requests, lets those in progress finish within `shutdownTimeout`, then closes all connections and
  /// resumes `continuation`.
  func beginShutdown(_ continuation: UnsafeContinuation<Void, Never>) {
    loop.assertCurrent()
    switch state {
    case .running: break
    // Another call is already shutting it down: both wait for the end.
    case .draining: return drained.append(continuation)
    case .new, .closed:
      state = .closed
      return continuation.resume()
    }
    state = .draining
    drained = [continuation]
    drainLimit = loop.now.saturatingAdd(settings.configuration.shutdownTimeout.clampedNanoseconds)
    perform(pool.shutDown())
    runUpkeep()
  }

  private var isDrained: Bool {
    let isIdle = waitingReads.isEmpty && (slots.compactMap(\.connection) + retiring).allSatisfy { $0.load == 0 }
    return isIdle && scheduler.isIdle && delayed.isEmpty && pool.isQuiet
  }

  private func finishShutdown() {
    state = .closed
    let error = PostgresError(.shutDown, "The database client is shut down.")
    for request in waitingReads.removeAll() {
      request.fail(error.with(statement: request.statement.name, isSafeToRetry: request.isSafeToRetry))
    }
    refuseWrites(error)
    // Before their connections close, because that would be reported as a failure to connect.
    for waiter in leaseWaiters { waiter.fail(error) }
    for connection in slots.compactMap(\.connection) + retiring { connection.close(error) }
    for (id, connection) in leased {
      connection.close(error)
      perform(pool.lost(id))
    }
    leased = [:]
    retiring = []
    leaseWaiters = []
    for slot in slots { slot.timer = nil }
    slots = []
    deadlineTimer = nil
    retryTimer = nil
    upkeepTimer = nil
    availability.set(index, false)
    for continuation in drained { continuation.resume() }
    drained = []
  }
}
