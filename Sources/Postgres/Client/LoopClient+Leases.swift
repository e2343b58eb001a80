import EventLoop
import Logging
import Primitives

extension LoopClient {
  // MARK: Acquiring a connection

  /// Queues a caller for a connection; answers it later, or refuses it at once.
  func acquire(_ waiter: LeaseWaiter, _ continuation: LeaseWaiter.Continuation) {
    loop.assertCurrent()
    guard waiter.begin(continuation) else { return }
    if let error = refusal(nil) { return waiter.fail(error) }
    if waiter.deadline <= loop.now { return expire(waiter) }
    leaseWaiters.append(waiter)
    watch(waiter.deadline)
    perform(pool.acquire(waiter))
    if leaseWaiters.count > 2 * pool.waiting + 16 { leaseWaiters.removeAll { $0.isAnswered } }
  }

  /// Answers a waiter whose task was cancelled.
  func cancel(_ waiter: LeaseWaiter) {
    loop.assertCurrent()
    guard !waiter.isAnswered else { return }
    waiter.fail(PostgresError(.cancelled, "The call was cancelled.", isSafeToRetry: true))
    perform(pool.forget(waiter))
  }

  /// Answers a waiter whose deadline has passed.
  func expire(_ waiter: LeaseWaiter) {
    waiter.fail(
      PostgresError(
        .deadlineExceeded, "The deadline passed while the call waited for a database connection.", isSafeToRetry: true))
    perform(pool.forget(waiter))
  }

  // MARK: The pool's actions

  func perform(_ actions: [LeasePool<ConnectionWaiter>.Action]) {
    for action in actions {
      switch action {
      case .connect(let id):
        let connection = Connection(loop: loop, role: .leased(id), settings: settings, logger: logger, owner: self)
        leased[id] = connection
        connection.connect()
      case .check(let id, let waiter, let isFresh): check(id, waiter, isFresh)
      case .grant(let id, let waiter): waiter.granted(id, by: self)
      case .refuse(let waiter, let refusal): waiter.refused(error(refusal), by: self)
      case .close(let id):
        leased.removeValue(forKey: id)?.close(PostgresError(.connectionLost, "The connection was closed."))
      }
    }
  }

  private func error(_ refusal: LeasePool<ConnectionWaiter>.Refusal) -> PostgresError {
    switch refusal {
    case .queueFull:
      PostgresError(.queueFull, "Too many calls are waiting for a database connection.", isSafeToRetry: true)
    case .connectFailed:
      unavailable
    case .shutDown: PostgresError(.shutDown, "The database client is shut down.", isSafeToRetry: true)
    }
  }

  /// The pre-ping: checks that the connection still works and that its server takes writes. A transaction's pre-ping
  /// shares one round trip with its BEGIN.
  private func check(_ id: Int, _ waiter: ConnectionWaiter, _ isFresh: Bool) {
    guard let connection = leased[id] else { return perform(pool.lost(id)) }
    guard let opening = waiter.check(of: connection, isFresh: isFresh) else {
      return perform(pool.checked(id, isGood: true))
    }
    // A connection that the network has dropped never answers: give up on it soon and take another one.
    let limit = loop.now.saturatingAdd(settings.configuration.connectTimeout.clampedNanoseconds)
    let request = PendingQuery(opening, [], kind: .script, deadline: limit)
    request.begin(now: loop.now) { [weak self] answer in
      guard let self else { return }
      if case .failure(let error) = answer { self.lastFailure = error }
      self.perform(self.pool.checked(id, isGood: self.isGood(answer)))
    }
    connection.enqueue(request)
    watch(limit)
  }

  private func isGood(_ answer: PendingQuery.Answer) -> Bool {
    guard case .success(let rows) = answer else { return false }
    guard settings.needsReadWrite else { return true }
    guard let readOnly = try? rows.first?[0].text, readOnly == "off" else {
      lastFailure = PostgresError(.readOnlyServer, "The database server takes no writes.", isSafeToRetry: true)
      return false
    }
    return true
  }

  // MARK: Using a connection

  /// Runs a statement on a leased connection; answers it later, or refuses it at once.
  func submit(_ request: PendingQuery, on id: Int, _ continuation: PendingQuery.Continuation) {
    loop.assertCurrent()
    guard request.begin(continuation, now: loop.now) else { return }
    guard let connection = leased[id], connection.isReady else {
      if let error = refusal(request.statement.name), state == .closed { return request.fail(error) }
      return request.fail(
        PostgresError(
          .connectionLost, "The transaction's connection was lost.", statement: request.statement.name,
          isSafeToRetry: false))
    }
    if request.deadline <= loop.now { return request.expire() }
    connection.enqueue(request)
    watch(request.deadline)
  }

  /// Answers a statement whose caller's task was cancelled. A statement that was sent cannot be taken back: its answer,
  /// or a late cancel request, would reach the next holder of the connection. So this also closes the connection.
  func cancel(_ request: PendingQuery, on id: Int) {
    loop.assertCurrent()
    guard !request.isAnswered else { return }
    let wasSent = request.isSent
    request.cancel()
    if wasSent, let connection = leased[id] { abandon(connection) }
  }

  /// Closes a leased connection. Its holder learns of it from the next statement.
  func abandon(_ connection: Connection) {
    guard case .leased(let id) = connection.role else { return }
    leased[id] = nil
    settling[id] = nil
    connection.close(PostgresError(.connectionLost, "The connection was closed while the statement was running."))
    perform(pool.lost(id))
  }

  // MARK: Releasing a connection

  /// Takes a connection back from its holder; rolls back a transaction that is still open.
  func release(_ lease: Lease) {
    loop.assertCurrent()
    guard let connection = leased[lease.id] else { return perform(pool.lost(lease.id)) }
    if connection.isReady, !connection.isClean, connection.load == 0, !lease.closesSession {
      return rollBack(connection, lease)
    }
    let isClean = connection.isClean && !lease.closesSession
    perform(pool.released(lease.id, isClean: isClean, now: loop.now))
  }

  private func rollBack(_ connection: Connection, _ lease: Lease) {
    let limit = settings.configuration.connectTimeout.clampedNanoseconds
    let request = PendingQuery(.rollback, [], kind: .script, deadline: loop.now.saturatingAdd(limit))
    request.begin(now: loop.now) { [weak self] _ in
      guard let self else { return }
      // The connection delivers the answer before it returns to pipeline mode or closes: look at its state afterwards.
      self.loop.execute { [self] in
        let isClean = self.leased[lease.id]?.isClean ?? false
        self.perform(self.pool.released(lease.id, isClean: isClean, now: self.loop.now))
      }
    }
    connection.enqueue(request)
    watch(request.deadline)
  }
}

extension Statement {
  static let commit = Statement("COMMIT", "COMMIT")
  static let rollback = Statement("ROLLBACK", "ROLLBACK")
  /// Checks that a connection works, and whether its server takes writes.
  static let ping = Statement("SHOW transaction_read_only", "SHOW transaction_read_only", isReadOnly: true)
}
