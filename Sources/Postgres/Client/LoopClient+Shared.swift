import EventLoop
import Logging
import Primitives

extension LoopClient {
  // MARK: Requests

  /// Takes a request for a shared connection; answers it later, or refuses it at once.
  func submit(_ request: PendingQuery, _ continuation: PendingQuery.Continuation) {
    loop.assertCurrent()
    guard request.begin(continuation, now: loop.now) else { return }
    if let error = refusal(request.statement.name) { return request.fail(error) }
    if request.deadline <= loop.now { return request.expire() }
    place(request)
    watch(request.deadline)
  }

  /// Answers a request whose caller's task was cancelled.
  func cancel(_ request: PendingQuery) {
    loop.assertCurrent()
    // The server is not told; the connection drops the late result.
    request.cancel()
  }

  /// Takes a request back whose connection was lost, and gives it to another connection.
  func resubmit(_ request: PendingQuery) {
    if let error = refusal(request.statement.name) { return request.fail(error) }
    place(request)
    watch(request.deadline)
  }

  private func place(_ request: PendingQuery) {
    if waitingReads.isEmpty, let connection = connection(for: request) { return connection.enqueue(request) }
    if waitingReads.count >= settings.configuration.sharedQueueLimit { waitingReads.filter { !$0.isAnswered } }
    guard waitingReads.count < settings.configuration.sharedQueueLimit else {
      return request.fail(
        PostgresError(
          .queueFull, "Too many statements are waiting for a database connection.", statement: request.statement.name,
          isSafeToRetry: true))
    }
    waitingReads.append(request)
  }

  /// The least loaded connection. For a lookup, preferably the one that already has lookups of this turn, so that they
  /// share a statement.
  private func connection(for request: PendingQuery) -> Connection? {
    var best: Connection?
    var bestLoad = settings.configuration.pipelineDepth
    for slot in slots {
      guard let connection = slot.connection, connection.isReady else { continue }
      let load = connection.load
      if request.lookup != nil, connection.batch.reads.last?.lookup != nil, load < settings.configuration.pipelineDepth
      {
        return connection
      }
      if load < bestLoad {
        best = connection
        bestLoad = load
      }
    }
    return best
  }

  /// Gives waiting requests to a connection, as many as it has room for.
  func feed(_ connection: Connection) {
    guard !waitingReads.isEmpty, connection.isReady else { return }
    guard slots.contains(where: { $0.connection === connection }) else { return }
    while connection.load < settings.configuration.pipelineDepth, let request = waitingReads.popFirst() {
      if !request.isAnswered { connection.enqueue(request) }
    }
  }

  // MARK: Connections

  func connect(_ slot: SharedSlot) {
    guard state == .running, slot.connection == nil else { return }
    slot.timer?.cancel()
    let connection = Connection(loop: loop, role: .shared, settings: settings, logger: logger, owner: self)
    slot.connection = connection
    connection.connect()
  }

  func sharedIsReady(_ connection: Connection) {
    note(breaker.connected())
    availability.set(index, true)
    for slot in slots {
      if slot.connection === connection {
        slot.backoff.reset()
      } else if slot.connection == nil {
        // The database is back: connect the other slots now, without waiting for their backoff.
        connect(slot)
      }
    }
    feed(connection)
  }

  func sharedFailed(_ connection: Connection, _ error: PostgresError) {
    guard let slot = slots.first(where: { $0.connection === connection }) else { return }
    slot.connection = nil
    if slot.backoff.failures == 0 {
      loop.logThrottle.log(.warning, "A database connection failed.", metadata: ["error": "\(error)"], to: logger)
    }
    note(breaker.connectFailed(now: loop.now))
    guard state == .running else { return }
    slot.timer?.schedule(after: slot.backoff.next(using: &random))
  }

  func sharedWasLost(_ connection: Connection, _ error: PostgresError) {
    if retiring.contains(where: { $0 === connection }) {
      retiring.removeAll { $0 === connection }
      return
    }
    guard let slot = slots.first(where: { $0.connection === connection }) else { return }
    slot.connection = nil
    breaker.lost(now: loop.now)
    guard state == .running else { return }
    loop.logThrottle.log(.warning, "A database connection was lost.", metadata: ["error": "\(error)"], to: logger)
    // Reconnect at once, but not inside the callbacks of the lost connection.
    slot.timer?.schedule(atNanoseconds: loop.now)
  }

  /// Acts on a change of the circuit breaker: when it opens, refuses everything that waits.
  func note(_ change: CircuitBreaker.Change) {
    switch change {
    case .none: break
    case .closed: loop.logThrottle.log(.notice, "The database is back.", to: logger)
    case .opened:
      loop.logThrottle.log(.error, "The database is unreachable: calls are refused until it is back.", to: logger)
      availability.set(index, false)
      let error = unavailable
      for request in waitingReads.removeAll() {
        request.fail(error.with(statement: request.statement.name, isSafeToRetry: request.isSafeToRetry))
      }
      perform(pool.refuseWaiters())
      refuseWrites(error)
    }
  }
}
