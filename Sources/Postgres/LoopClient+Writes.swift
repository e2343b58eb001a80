import EventLoop
import Logging

/// Writes: each holds a connection of the pool from its first byte to its answer, so that one that waits for a lock
/// keeps no other statement waiting. `WriteScheduler` says which goes next; this executes it.
extension LoopClient: TurnFlushable {
  /// A write of which the server could not be told its deadline ends by the server's own limit; one that is silent for
  /// so much longer has lost its connection.
  private static let silenceGrace: UInt64 = 5_000_000_000
  /// A cancelled write is mostly answered before it could be called back.
  private static let cancelDelay: UInt64 = 5_000_000

  // MARK: Coming in

  /// Takes a write: answered later, or refused at once. Writes of a turn begin at its end, so that rows of a grouped
  /// write travel together.
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

  // MARK: On a connection

  /// The unit has its connection: sends what is still wanted.
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

  // MARK: Its answer

  /// The unit is over, one way or the other: its connection and its place go to others, its writes are answered or go
  /// again.
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

  /// What becomes of a write whose attempt failed.
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

  /// Another transaction was in the way: tries again after a short time, longer with each attempt.
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

  // MARK: Giving the connection back

  /// A connection goes back once the server has answered its Sync: what failed is answered before that.
  private func giveBack(_ id: Int, isCancelled: Bool) {
    guard let connection = leased[id] else { return }
    if isCancelled { return abandon(connection) }
    if connection.isClean {
      perform(pool.released(id, isClean: true, now: loop.now))
    } else {
      settling[id] = loop.now
    }
  }

  /// A connection answered: perhaps it is as good as new now.
  func settle(_ connection: Connection, _ id: Int) {
    guard !settling.isEmpty, settling[id] != nil, connection.isClean else { return }
    settling[id] = nil
    perform(pool.released(id, isClean: true, now: loop.now))
  }

  // MARK: Callers that do not wait any more

  func cancel(_ write: PendingWrite) {
    loop.assertCurrent()
    guard !write.isAnswered else { return }
    write.cancel()
    if write.stage != .started { scheduler.wasAnswered(now: loop.now) }
    if write.unit?.query != nil { watch(loop.now.saturatingAdd(Self.cancelDelay)) }
  }

  func expire(_ write: PendingWrite) {
    write.expire()
    if write.stage != .started { scheduler.wasAnswered(now: loop.now) }
  }

  /// Answers writes whose deadline has passed, and sees to units that run for nobody.
  /// - Returns: when to look again.
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

  /// Has the server cancel a write whose caller has left, if it would go on for long: it might meet, and overwrite,
  /// what others write meanwhile.
  /// - Returns: when to look again.
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

  /// The database is away, or the client is shut down: nobody shall wait for it.
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
