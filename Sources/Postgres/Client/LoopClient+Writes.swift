import EventLoop
import Logging
import Primitives

/// Writes. Each holds a connection of the pool from its first byte to its answer, so that a write which waits for a
/// lock holds up no other statement. `WriteScheduler` decides which write starts next; this extension executes that.
extension LoopClient: TurnFlushable {
  /// Nanoseconds. How long the server may stay silent beyond the statement_timeout of a write, or between a write's
  /// answer and its Sync's; after that the connection counts as dead.
  private static let silenceGrace: UInt64 = 5_000_000_000
  /// Nanoseconds between sending a write and the earliest cancel request for it: most writes are answered sooner.
  private static let cancelDelay: UInt64 = 5_000_000

  // MARK: Submitting

  /// Takes a write; answers it later, or refuses it at once. The writes of a turn start at its end, so that rows of a
  /// grouped write share a statement.
  func submit(_ write: PendingWrite, _ continuation: PendingWrite.Continuation) {
    loop.assertCurrent()
    guard write.begin(continuation) else { return }
    if let error = refusal(write.statement.name) { return write.fail(error) }
    if write.deadline <= loop.now { return write.expire() }
    guard scheduler.submit(write, now: loop.now) else {
      return write.fail(
        PostgresError(.queueFull, "Too many writes are waiting for the database.", isSafeToRetry: true))
    }
    watch(write.deadline)
    loop.flushAtEndOfTurn(self)
  }

  /// Starts all writes that the scheduler lets start.
  func flushTurn() {
    while let start = scheduler.next(now: loop.now) {
      let attempt =
        switch start {
        case .single(let write, let lane): WriteAttempt([write], lane)
        case .group(let writes): WriteAttempt(writes, .group)
        }
      attempts.append(attempt)
      perform(pool.acquire(attempt))
    }
  }

  // MARK: Sending

  /// Sends an attempt that now has a connection, if any of its callers still waits.
  func send(_ attempt: WriteAttempt, on id: Int) {
    let now = loop.now
    let writes = attempt.writes
    for write in writes where write.deadline <= now.saturatingAdd(ServerLimits.leastTime) { write.expire() }
    guard let connection = leased[id], writes.contains(where: { !$0.isAnswered }) else {
      return finish(
        attempt,
        .failure(
          PostgresError(.connectionLost, "The connection was lost before the write was sent.", isSafeToRetry: true)))
    }
    let parameters: [PostgresValue]
    do throws(PostgresError) {
      parameters = try attempt.parameters()
    } catch {
      return finish(attempt, .failure(error))
    }
    let limits = limits(for: attempt)
    let query = PendingQuery(
      writes[0].statement, parameters, deadline: .max, limits: limits, preludes: writes[0].preludes)
    attempt.query = query
    attempt.sentAt = now
    let longest = UInt64(limits.statementTimeout) * 1_000_000 * UInt64(1 + query.preludes.count)
    attempt.silentAfter = now.saturatingAdd(longest + Self.silenceGrace)
    query.begin(now: now) { [self] answer in finish(attempt, answer) }
    connection.enqueue(query)
    watch(attempt.silentAfter)
  }

  private func limits(for attempt: WriteAttempt) -> ServerLimits {
    let configuration = settings.configuration
    let deadline = attempt.writes.reduce(UInt64.max) { $1.isAnswered ? $0 : min($0, $1.deadline) }
    let longest = attempt.lane == .group ? configuration.groupTimeout : configuration.statementTimeout
    let lockTimeout =
      switch attempt.lane {
      case .slow: configuration.slowLockTimeout
      case .fast, .group, .reserved:
        scheduler.isCrowded ? configuration.crowdedLockTimeout : configuration.firstLockTimeout
      }
    return ServerLimits(
      until: deadline, now: loop.now, longest: longest, lockTimeout: lockTimeout,
      statements: 1 + attempt.writes[0].preludes.count)
  }

  // MARK: Answering

  /// Ends an attempt, successful or not: frees its connection and its place in the lane, then answers its writes or
  /// queues them for another attempt.
  func finish(_ attempt: WriteAttempt, _ answer: PendingQuery.Answer) {
    attempts.removeAll { $0 === attempt }
    scheduler.finished(attempt.lane)
    if let id = attempt.connection { giveBack(id, isCancelled: attempt.isCancelled) }
    for write in attempt.writes { write.attempt = nil }
    switch answer {
    case .success(let rows): distribute(rows, to: attempt)
    case .failure(let error):
      for write in attempt.writes { retryOrFail(write, after: attempt, error) }
    }
    loop.flushAtEndOfTurn(self)
  }

  /// Answers the writes of a successful attempt, each with its own row. A row without an outcome is tried again alone.
  private func distribute(_ rows: PostgresRows, to attempt: WriteAttempt) {
    guard case .row = attempt.writes[0].work else {
      attempt.writes[0].succeed(rows)
      scheduler.noteSuccess(attempt.writes[0])
      return scheduler.leave(attempt.writes[0], now: loop.now)
    }
    do throws(PostgresError) {
      for (write, row) in zip(attempt.writes, try GroupedWrite.outcomes(rows, of: attempt.writes.count)) {
        if let row {
          write.succeed(PostgresRows(row.storage, row.index..<(row.index + 1)))
          scheduler.noteSuccess(write)
          scheduler.leave(write, now: loop.now)
        } else {
          write.isAlone = true
          retry(write)
        }
      }
    } catch {
      for write in attempt.writes {
        write.fail(error)
        scheduler.leave(write, now: loop.now)
      }
    }
  }

  /// Answers a write whose attempt failed, or queues it for another attempt.
  private func retryOrFail(_ write: PendingWrite, after attempt: WriteAttempt, _ error: PostgresError) {
    guard !write.isAnswered, state == .running || state == .draining else {
      write.fail(error)
      return scheduler.leave(write, now: loop.now)
    }
    switch WriteRetry(after: error, of: write, in: attempt.lane, together: attempt.writes.count) {
    case .no:
      write.fail(error)
      scheduler.leave(write, now: loop.now)
    case .alone:
      write.isAlone = true
      scheduler.retry(write, now: loop.now)
    case .inSlowLane:
      write.isSlow = true
      scheduler.noteLockTimeout(write, now: loop.now)
      scheduler.retry(write, now: loop.now)
    case .atOnce:
      write.wasReprepared = true
      scheduler.retry(write, now: loop.now)
    case .later: retry(write)
    }
  }

  /// Tries a write again after a delay that grows with each attempt.
  private func retry(_ write: PendingWrite) {
    guard !write.isAnswered else { return scheduler.leave(write, now: loop.now) }
    let delay = write.retryBackoff.next(using: &random)
    delayed.append((loop.now.saturatingAdd(delay.clampedNanoseconds), write))
    scheduleRetries()
  }

  private func scheduleRetries() {
    guard let next = delayed.map(\.due).min() else { return }
    retryTimer?.schedule(atNanoseconds: next)
  }

  /// Queues the delayed writes whose time has come.
  func retryDelayed() {
    let due = delayed.filter { $0.due <= loop.now || $0.write.isAnswered }
    delayed.removeAll { $0.due <= loop.now || $0.write.isAnswered }
    for (_, write) in due {
      if write.isAnswered {
        scheduler.leave(write, now: loop.now)
      } else {
        scheduler.retry(write, now: loop.now)
      }
    }
    scheduleRetries()
    loop.flushAtEndOfTurn(self)
  }

  // MARK: Releasing the connection

  /// Returns an attempt's connection to the pool, or closes it if a cancel request was sent. A failed write is answered
  /// before its Sync is: the connection then has to settle first.
  private func giveBack(_ id: Int, isCancelled: Bool) {
    guard let connection = leased[id] else { return }
    if isCancelled { return abandon(connection) }
    if connection.isClean {
      perform(pool.released(id, isClean: true, now: loop.now))
    } else {
      settling[id] = loop.now
    }
  }

  /// Returns a settling connection to the pool once the server has answered its Sync. Called after each answer.
  func giveBackIfSettled(_ connection: Connection, _ id: Int) {
    guard !settling.isEmpty, settling[id] != nil, connection.isClean else { return }
    settling[id] = nil
    perform(pool.released(id, isClean: true, now: loop.now))
  }

  // MARK: Callers that no longer wait

  /// Answers a write whose caller's task was cancelled. If it was sent, `expireWrites` may cancel it on the server.
  func cancel(_ write: PendingWrite) {
    loop.assertCurrent()
    guard !write.isAnswered else { return }
    write.cancel()
    if write.stage != .started { scheduler.noteAnswered(now: loop.now) }
    if write.attempt?.query != nil { watch(loop.now.saturatingAdd(Self.cancelDelay)) }
  }

  /// Answers a write whose deadline has passed.
  func expire(_ write: PendingWrite) {
    write.expire()
    if write.stage != .started { scheduler.noteAnswered(now: loop.now) }
  }

  /// Answers writes whose deadline has passed. Closes connections whose server is silent, and has the server cancel
  /// writes whose callers have left.
  /// - Returns: when to look again; CLOCK_MONOTONIC in nanoseconds.
  func expireWrites(_ now: UInt64) -> UInt64 {
    var next = UInt64.max
    var expired: [PendingWrite] = []
    func look(_ write: PendingWrite) {
      guard !write.isAnswered else { return }
      if write.deadline <= now { expired.append(write) } else { next = min(next, write.deadline) }
    }
    scheduler.forEachWaiting(look)
    for (_, write) in delayed { look(write) }
    for attempt in attempts { attempt.writes.forEach(look) }
    for write in expired where !write.isAnswered { expire(write) }
    for attempt in attempts where attempt.query != nil {
      if attempt.silentAfter <= now {
        if let id = attempt.connection, let connection = leased[id] { abandon(connection) }
        continue
      }
      next = min(next, attempt.silentAfter, cancelOnServer(attempt, now))
    }
    for (id, since) in settling where now >= since.saturatingAdd(Self.silenceGrace) {
      if let connection = leased[id] { abandon(connection) }
    }
    return next
  }

  /// Has the server cancel a write whose caller has left, unless its deadline is near anyway. Left alone, it could run
  /// later and overwrite what others have written in the meantime.
  /// - Returns: when to look again; CLOCK_MONOTONIC in nanoseconds.
  private func cancelOnServer(_ attempt: WriteAttempt, _ now: UInt64) -> UInt64 {
    guard attempt.lane != .group, !attempt.isCancelled, let write = attempt.writes.first, write.isAnswered,
      write.deadline > now.saturatingAdd(ServerLimits.largestMargin)
    else { return .max }
    let due = attempt.sentAt.saturatingAdd(Self.cancelDelay)
    guard due <= now else { return due }
    guard let id = attempt.connection, let request = leased[id]?.cancelRequest() else { return .max }
    attempt.isCancelled = true
    let pool = settings.cancellations
    Task(executorPreference: loop) { try? await pool.run { request.send() } }
    return .max
  }

  /// Answers all waiting writes with `error`, because the database is unreachable or the client is shut down.
  func refuseWrites(_ error: PostgresError) {
    var waiting: [PendingWrite] = []
    scheduler.forEachWaiting { waiting.append($0) }
    for write in waiting where !write.isAnswered {
      write.fail(error)
      scheduler.noteAnswered(now: loop.now)
    }
    for (_, write) in delayed { write.fail(error) }
    retryDelayed()
  }
}
