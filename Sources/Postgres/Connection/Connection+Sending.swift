import CPostgres
import EventLoop

extension Connection {
  /// Takes a request, to be sent at the end of the loop's turn with all others of that turn.
  func enqueue(_ request: PendingQuery) {
    loop.assertCurrent()
    guard phase == .ready else {
      return request.fail(
        PostgresError(
          .connectionLost, "The connection is closed.", statement: request.statement.name,
          isSafeToRetry: request.isSafeToRetry))
    }
    let sharesSync = isShared && request.statement.isReadOnly && !request.hasOwnSync && request.kind == .prepared
    batch.add(request, sharesSync: sharesSync)
    loop.flushAtEndOfTurn(self)
  }

  /// Sends the requests of the turn.
  func flushTurn() {
    guard phase == .ready, script == nil, !batch.isEmpty else { return }
    if pipeline.isIdle {
      lastProgress = loop.now
      if !unprepared.isEmpty { unprepared = [] }
    }
    swap(&batch, &outgoing)
    outgoing.replaceReads(Lookup.join)
    defer { outgoing.removeAll() }
    sendOutgoing()
    if phase == .ready { flushOutput() }
  }

  private func sendOutgoing() {
    var sentReads = false
    for (index, request) in outgoing.reads.enumerated() where !request.isAnswered {
      switch send(request, isHeldForSync: false) {
      case .sent: sentReads = true
      case .refused: break
      case .broken:
        return giveUp(reads: outgoing.reads[index...], singles: outgoing.singles[...])
      }
    }
    if sentReads, !sync() { return giveUp(reads: [], singles: outgoing.singles[...]) }
    for (index, request) in outgoing.singles.enumerated() where !request.isAnswered {
      if case .script = request.kind {
        // A script needs the connection for itself: it waits until all requests in flight are answered, and the
        // requests after it wait until the script is done.
        guard pipeline.isIdle else { return batch.add(reads: [], singles: outgoing.singles[index...]) }
        guard send(script: request) else { return giveUp(reads: [], singles: outgoing.singles[index...]) }
        return batch.add(reads: [], singles: outgoing.singles[(index + 1)...])
      }
      switch send(request, isHeldForSync: true) {
      case .sent:
        if !sync() { return giveUp(reads: [], singles: outgoing.singles[(index + 1)...]) }
      case .refused:
        // Its preparation, or what set its limits, may have been sent already and still needs a Sync.
        if !pipeline.isSynced, !sync() { return giveUp(reads: [], singles: outgoing.singles[(index + 1)...]) }
      case .broken: return giveUp(reads: [], singles: outgoing.singles[index...])
      }
    }
  }

  /// `refused`: the request was answered with an error and not sent. `broken`: the connection has failed.
  private enum Sent: Error { case sent, refused, broken }

  /// Sends a request, after the statement that sets its limits if it has any, and after its preludes.
  private func send(_ request: PendingQuery, isHeldForSync: Bool) -> Sent {
    if let limits = request.limits {
      switch execute(ServerLimits.statement, limits.parameters, for: request) {
      // Treated like a preparation: it has to succeed, and its rows are ignored.
      case .success: pipeline.didSendPrerequisite(for: request)
      case .failure(let outcome): return outcome
      }
    }
    for prelude in request.preludes {
      switch execute(prelude.statement, prelude.parameters, for: request) {
      case .success: pipeline.didSendPrerequisite(for: request)
      case .failure(let outcome): return outcome
      }
    }
    switch execute(request.statement, request.parameters, for: request) {
    case .success(let name): request.serverName = name
    case .failure(let outcome): return outcome
    }
    pipeline.didSendQuery(request, isHeldForSync: isHeldForSync)
    return .sent
  }

  /// Sends one statement; prepares it first if this connection has not prepared it yet.
  /// - Returns: the name under which it is prepared on the server.
  private func execute(
    _ statement: Statement, _ parameters: [PostgresValue], for request: PendingQuery
  ) -> Result<String, Sent> {
    guard let handle else { return .failure(.broken) }
    let variant: StatementRegistry.Variant
    do throws(PostgresError) {
      try parameterBuffer.encode(parameters)
      if let known = registry.find(statement, parameters) {
        request.didPrepare = false
        variant = known
      } else {
        variant = try registry.add(statement, parameters)
        request.isSent = true
        request.didPrepare = true
        let count = Int32(clamping: variant.types.count)
        guard PQsendPrepare(handle, variant.serverName, variant.sql, count, variant.types) == 1 else {
          return .failure(.broken)
        }
        pipeline.didSendPrerequisite(for: request)
      }
    } catch {
      request.fail(error.with(statement: request.statement.name, isSafeToRetry: true))
      return .failure(.refused)
    }
    // From here on the server may have received it: libpq writes by itself when its buffer is full.
    request.isSent = true
    let code = PQsendQueryPrepared(
      handle, variant.serverName, Int32(clamping: parameters.count), parameterBuffer.values,
      parameterBuffer.lengths, parameterBuffer.formats, 1)
    return code == 1 ? .success(variant.serverName) : .failure(.broken)
  }

  private func sync() -> Bool {
    guard let handle, PQpipelineSync(handle) == 1 else { return false }
    pipeline.didSendSync()
    return true
  }

  private func send(script request: PendingQuery) -> Bool {
    guard let handle, PQexitPipelineMode(handle) == 1 else { return false }
    request.isSent = true
    script = request
    guard PQsendQuery(handle, request.statement.sql) == 1 else {
      script = nil
      return false
    }
    return true
  }

  private func giveUp(reads: ArraySlice<PendingQuery>, singles: ArraySlice<PendingQuery>) {
    batch.add(reads: reads, singles: singles)
    lose(PostgresError(.connectionLost, "Sending to the database failed: \(PostgresError.message(of: handle))"))
  }

  /// Writes what libpq has buffered. While the socket takes no more, watches it for both reading and writing: a server
  /// that is itself blocked on sending reads nothing until we have read.
  func flushOutput() {
    guard let handle else { return }
    switch PQflush(handle) {
    case 0: setInterest(.readable)
    case 1: setInterest([.readable, .writable])
    default:
      lose(PostgresError(.connectionLost, "Sending to the database failed: \(PostgresError.message(of: handle))"))
    }
  }

  func setInterest(_ interest: Readiness) {
    guard let source, source.interest != interest else { return }
    do {
      try source.setInterest(interest)
    } catch {
      lose(PostgresError(.connectionLost, "The connection cannot be watched: \(error)"))
    }
  }
}
