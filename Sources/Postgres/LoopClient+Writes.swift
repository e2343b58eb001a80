import EventLoop
import Logging

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
        PostgresError(.queueFull, "Too many writes wait for the database.", isSafeToRetry: true))
    }
    watch(write.deadline)
    loop.flushAtEndOfTurn(self)
  }

  /// Starts all writes that the scheduler lets start.
  func flushTurn() {
    while let start = scheduler.next(now: loop.now) {
      let unit =
        switch start {
        case .single(let write, let lane): WriteUnit([write], lane)
        case .group(let writes): WriteUnit(writes, .group)
        }
      units.append(unit)
      perform(pool.acquire(unit))
    }
  }

  // MARK: Sending

  /// Sends an attempt that has got its connection, if any of its callers still waits.
  func send(_ unit: WriteUnit, on id: Int) {
    let now = loop.now
    let writes = unit.writes
    for write in writes where write.deadline <= now.saturatingAdd(ServerLimits.leastTime) { write.expire() }
    guard let connection = leased[id], writes.contains(where: { !$0.isAnswered }) else {
      return finish(unit, .failure(PostgresError(.connectionLost, "The connection is gone.", isSafeToRetry: true)))
    }
    let parameters: [PostgresValue]
    do throws(PostgresError) {
      parameters = try unit.parameters()
    } catch {
      return finish(unit, .failure(error))
    }
    let limits = limits(for: unit)
    let query = PendingQuery(writes[0].statement, parameters, deadline: .max, limits: limits)
    unit.query = query
    unit.sentAt = now
    unit.silentAfter = now.saturatingAdd(UInt64(limits.statementTimeout) * 1_000_000 + Self.silenceGrace)
    query.begin(now: now) { [self] answer in finish(unit, answer) }
    connection.enqueue(query)
    watch(unit.silentAfter)
  }

  private func limits(for unit: WriteUnit) -> ServerLimits {
    let configuration = settings.configuration
    let deadline = unit.writes.reduce(UInt64.max) { $1.isAnswered ? $0 : min($0, $1.deadline) }
    let longest = unit.lane == .group ? configuration.groupTimeout : configuration.statementTimeout
    let lockTimeout =
      switch unit.lane {
      case .slow: configuration.slowLockTimeout
      case .fast, .group, .reserved:
        scheduler.isCrowded ? configuration.crowdedLockTimeout : configuration.firstLockTimeout
      }
    return ServerLimits(until: deadline, now: loop.now, longest: longest, lockTimeout: lockTimeout)
  }

  // MARK: Answering

  /// Ends an attempt, successful or not: frees its connection and its place in the lane, then answers its writes or
  /// queues them for another attempt.
  func finish(_ unit: WriteUnit, _ answer: PendingQuery.Answer) {
    units.removeAll { $0 === unit }
    scheduler.finished(unit.lane)
    if let id = unit.connection { giveBack(id, isCancelled: unit.isCancelled) }
    for write in unit.writes { write.unit = nil }
    switch answer {
    case .success(let rows): distribute(rows, to: unit)
    case .failure(let error):
      for write in unit.writes { settle(write, of: unit, error) }
    }
    loop.flushAtEndOfTurn(self)
  }

  /// Answers the writes of a successful attempt, each with its own row. A row without an outcome is tried again alone.
  private func distribute(_ rows: PostgresRows, to unit: WriteUnit) {
    guard case .row = unit.writes[0].work else {
      unit.writes[0].succeed(rows)
      scheduler.noteUnblocked(unit.writes[0])
      return scheduler.leave(unit.writes[0], now: loop.now)
    }
    do throws(PostgresError) {
      for (write, row) in zip(unit.writes, try GroupedWrite.outcomes(rows, of: unit.writes.count)) {
        if let row {
          write.succeed(PostgresRows(row.storage, row.index..<(row.index + 1)))
          scheduler.noteUnblocked(write)
          scheduler.leave(write, now: loop.now)
        } else {
          write.isAlone = true
          retry(write)
        }
      }
    } catch {
      for write in unit.writes {
        write.fail(error)
        scheduler.leave(write, now: loop.now)
      }
    }
  }

  /// Answers a write whose attempt failed, or queues it for another attempt.
  private func settle(_ write: PendingWrite, of unit: WriteUnit, _ error: PostgresError) {
    guard !write.isAnswered, state == .running || state == .draining else {
      write.fail(error)
      return scheduler.leave(write, now: loop.now)
    }
    switch WriteRetry(after: error, of: write, in: unit.lane, together: unit.writes.count) {
    case .no:
      write.fail(error)
      scheduler.leave(write, now: loop.now)
    case .alone:
      write.isAlone = true
      scheduler.retry(write, now: loop.now)
    case .inSlowLane:
      write.isSlow = true
      scheduler.noteBlocked(write, now: loop.now)
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
  func settle(_ connection: Connection, _ id: Int) {
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
    if write.stage != .started { scheduler.wasAnswered(now: loop.now) }
    if write.unit?.query != nil { watch(loop.now.saturatingAdd(Self.cancelDelay)) }
  }

  /// Answers a write whose deadline has passed.
  func expire(_ write: PendingWrite) {
    write.expire()
    if write.stage != .started { scheduler.wasAnswered(now: loop.now) }
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
    for unit in units { unit.writes.forEach(look) }
    for write in expired where !write.isAnswered { expire(write) }
    for unit in units where unit.query != nil {
      if unit.silentAfter <= now {
        if let id = unit.connection, let connection = leased[id] { abandon(connection) }
        continue
      }
      next = min(next, unit.silentAfter, callBack(unit, now))
    }
    for (id, since) in settling where now >= since.saturatingAdd(Self.silenceGrace) {
      if let connection = leased[id] { abandon(connection) }
    }
    return next
  }

  /// Has the server cancel a write whose caller has left, unless its deadline is near anyway. Left alone, it could run
  /// later and overwrite what others have written in the meantime.
  /// - Returns: when to look again; CLOCK_MONOTONIC in nanoseconds.
  private func callBack(_ unit: WriteUnit, _ now: UInt64) -> UInt64 {
    guard unit.lane != .group, !unit.isCancelled, let write = unit.writes.first, write.isAnswered,
      write.deadline > now.saturatingAdd(ServerLimits.largestMargin)
    else { return .max }
    let due = unit.sentAt.saturatingAdd(Self.cancelDelay)
    guard due <= now else { return due }
    guard let id = unit.connection, let request = leased[id]?.cancelRequest() else { return .max }
    unit.isCancelled = true
    let pool = settings.cancellations
    Task(executorPreference: loop) { try? await pool.run { request.send() } }
    return .max
  }

  /// Answers all waiting writes with `error`, because the database is away or the client is shut down.
  func refuseWrites(_ error: PostgresError) {
    var waiting: [PendingWrite] = []
    scheduler.forEachWaiting { waiting.append($0) }
    for write in waiting where !write.isAnswered {
      write.fail(error)
      scheduler.wasAnswered(now: loop.now)
    }
    for (_, write) in delayed { write.fail(error) }
    retryDelayed()
  }
}
