import CPostgres
import EventLoop
import Glibc
import Logging

extension Connection {
  /// Handles a ready socket: reads what has arrived, answers requests, and writes what the socket would not take
  /// before.
  func transfer() {
    guard let handle else { return }
    var isAlive = PQconsumeInput(handle) == 1
    receive()
    // OpenSSL may hold decrypted bytes that epoll doesn't report.
    while isAlive, phase == .ready, TLSBuffer.hasPending(handle) {
      isAlive = PQconsumeInput(handle) == 1
      receive()
    }
    guard phase == .ready else { return }
    if let onNotification, takeNotifications(handle) { onNotification() }
    if !isAlive || PQstatus(handle) == CONNECTION_BAD {
      let reason = PostgresError.message(of: handle)
      return lose(PostgresError(.connectionLost, "The connection to the database was lost: \(reason)"))
    }
    flushOutput()
    guard phase == .ready else { return }
    if !batch.isEmpty, script == nil { loop.flushAtEndOfTurn(self) }
    owner?.connectionMadeProgress(self)
  }

  /// Takes the notifications that have arrived.
  /// - Returns: whether there were any.
  private func takeNotifications(_ handle: OpaquePointer) -> Bool {
    var isAny = false
    while let notification = PQnotifies(handle) {
      PQfreemem(notification)
      isAny = true
    }
    return isAny
  }

  /// Handles all results that have arrived. PQgetResult would block while PQisBusy returns 1.
  private func receive() {
    while phase == .ready, let handle, !pipeline.isIdle || script != nil, PQisBusy(handle) == 0 {
      let result = PQgetResult(handle)
      lastProgress = loop.now
      if script != nil {
        receiveScript(result)
      } else if let result {
        receive(result)
      } else {
        perform(pipeline.receive(.end), nil)
      }
    }
  }

  private func receive(_ pointer: OpaquePointer) {
    switch PQresultStatus(pointer) {
    case PGRES_PIPELINE_SYNC:
      PQclear(pointer)
      metLock = false
      perform(pipeline.receive(.sync), nil)
    case PGRES_PIPELINE_ABORTED:
      PQclear(pointer)
      perform(pipeline.receive(.aborted), nil)
    case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
      perform(pipeline.receive(.rows), ResultStorage(pointer))
    case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE:
      let result = ResultStorage(pointer)
      if handleConnectionLoss(result) { return }
      perform(pipeline.receive(.failure), result)
    default:
      PQclear(pointer)
      lose(PostgresError(.protocolViolation, "COPY is not supported on a pipelined connection."))
    }
  }

  /// libpq reports a lost connection as a failure of the first statement, without SQLSTATE. If this result is one,
  /// calls `lose`, which handles all requests.
  /// - Returns: whether the connection was lost.
  private func handleConnectionLoss(_ result: ResultStorage) -> Bool {
    guard PQstatus(handle) == CONNECTION_BAD, PQresultErrorField(result.pointer, 0x43) == nil else { return false }
    let reason = PostgresError.message(of: handle)
    lose(PostgresError(.connectionLost, "The connection to the database was lost: \(reason)"))
    return true
  }

  private func perform(_ action: Pipeline<PendingQuery>.Action, _ result: ResultStorage?) {
    switch action {
    case .none, .prepared: break
    case .succeed(let request):
      guard let result else { return }
      finish(request, .success(PostgresRows(result)))
    case .hold(let request):
      request.heldRows = result.map(PostgresRows.init)
    case .succeedHeld(let request):
      guard let rows = request.heldRows else { return }
      finish(request, .success(rows))
    case .fail(let request):
      guard let result else { return }
      fail(request, error(of: result, request))
    case .preparationFailed(let request):
      evictUnprepared(request)
      if request.limits != nil { registry.evict(ServerLimits.statement) }
      for prelude in request.preludes { registry.evict(prelude.statement) }
      request.preparationError = result.map { error(of: $0, request) }
    case .failPreparation(let request):
      guard let error = request.preparationError else { return }
      fail(request, error)
    case .sendAgain(let request):
      if request.didPrepare { evictUnprepared(request) }
      guard !request.hasOwnSync, !request.isAnswered else {
        return request.fail(
          PostgresError(
            .protocolViolation, "The statement was aborted without a reason.", statement: request.statement.name,
            isSafeToRetry: request.isSafeToRetry))
      }
      // Send it with a Sync of its own, so that it can't be aborted by another statement again. If the other statement
      // only timed out on a lock, neither is faulty, and both may share a Sync.
      request.hasOwnSync = !metLock
      enqueue(request)
    case .outOfStep:
      lose(PostgresError(.protocolViolation, "The database's answers do not match the requests."))
    }
  }

  private func error(of result: ResultStorage, _ request: PendingQuery) -> PostgresError {
    let error = PostgresError(
      result: result.pointer, statement: request.statement.name, isSafeToRetry: request.statement.isReadOnly)
    // A statement that the server refused is rolled back, so it had no effect.
    guard error.severity == "ERROR", !request.isInTransaction else { return error }
    return error.with(statement: request.statement.name, isSafeToRetry: true)
  }

  /// The server did not prepare the request's statement. Requests sent in the meantime rely on it.
  private func evictUnprepared(_ request: PendingQuery) {
    registry.evict(request.statement, serverName: request.serverName)
    unprepared.insert(request.serverName)
  }

  private func fail(_ request: PendingQuery, _ error: PostgresError) {
    if SQLState.isStaleStatement(error.sqlState), request.kind == .prepared {
      if isShared, !request.isAnswered, unprepared.contains(request.serverName) { return enqueue(request) }
      registry.evict(request.statement, serverName: request.serverName)
      // The server refused it before running it, so sending it again is safe. Not here on leased connections: inside a
      // transaction everything since BEGIN is lost already, and `LoopClient` retries single writes.
      if isShared, !request.wasReprepared, !request.isAnswered {
        request.wasReprepared = true
        request.hasOwnSync = true
        return enqueue(request)
      }
    }
    if error.code == .lockNotAvailable, isShared, !request.isAnswered {
      metLock = true
      return waitForLock(request)
    }
    let isEndOfConnection =
      SQLState.isFatalToConnection(error.code) || error.severity == "FATAL" || error.severity == "PANIC"
    guard isEndOfConnection else { return finish(request, .failure(error)) }
    if error.code == .readOnlyServer {
      finish(request, .failure(error))
      if settings.needsReadWrite { lose(error) }
      return
    }
    // In this order: the owner must not resubmit the request to this connection.
    lose(error)
    interrupt(request, error)
  }

  /// Sends a read again that timed out on a lock. Only schema changes hold locks that reads wait for. The read's
  /// lock_timeout is short, and it is sent again until its deadline, so that it doesn't hold up reads of other tables
  /// behind it on the connection.
  private func waitForLock(_ request: PendingQuery) {
    for lookup in request.lookups where !lookup.isAnswered { enqueue(lookup) }
    if request.lookups.isEmpty { enqueue(request) }
  }

  private func finish(_ request: PendingQuery, _ answer: PendingQuery.Answer) {
    let elapsed = loop.now > request.submittedAt ? loop.now - request.submittedAt : 0
    if elapsed > settings.slowQueryNanoseconds { logSlow(request, elapsed) }
    switch answer {
    case .success(let rows): request.succeed(rows)
    case .failure(let error): request.fail(error)
    }
  }

  private func logSlow(_ request: PendingQuery, _ elapsed: UInt64) {
    loop.logThrottle.log(
      .warning, "A statement was slow.", kind: request.statement.name,
      metadata: ["statement": "\(request.statement.name)", "milliseconds": "\(elapsed / 1_000_000)"], to: logger)
  }

  // MARK: Scripts

  private func receiveScript(_ pointer: OpaquePointer?) {
    guard let pointer else { return finishScript() }
    let result = ResultStorage(pointer)
    switch result.status {
    case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
      // Keep the rows of the last command that returns any, otherwise the result of the last command.
      let rows = PostgresRows(result)
      if result.columnCount > 0 || (scriptRows?.storage.columnCount ?? 0) == 0 { scriptRows = rows }
    case PGRES_FATAL_ERROR, PGRES_BAD_RESPONSE:
      if handleConnectionLoss(result) { return }
      if let script, scriptError == nil { scriptError = error(of: result, script) }
    case PGRES_COPY_IN: sendCopy()
    default:
      lose(PostgresError(.protocolViolation, "COPY TO STDOUT is not supported."))
    }
  }

  private func finishScript() {
    guard let request = script, let handle else { return }
    let (rows, error) = (scriptRows, scriptError)
    script = nil
    scriptRows = nil
    scriptError = nil
    guard PQstatus(handle) == CONNECTION_OK, PQenterPipelineMode(handle) == 1 else {
      let failure = error ?? PostgresError(.connectionLost, "The connection to the database was lost.")
      lose(failure)
      return request.fail(failure)
    }
    if let error {
      fail(request, error)
    } else if let rows {
      finish(request, .success(rows))
    } else {
      request.fail(PostgresError(.protocolViolation, "The script had no result.", statement: request.statement.name))
    }
  }
}

/// Tells whether OpenSSL holds decrypted bytes that libpq has not read: libpq's reads may end inside a TLS record.
enum TLSBuffer {
  private typealias Pending = @convention(c) (UnsafeMutableRawPointer) -> Int32

  /// SSL_pending of the OpenSSL that libpq uses, looked up by name so that this module doesn't depend on OpenSSL.
  private static let pending: Pending? = dlsym(nil, "SSL_pending").map { unsafeBitCast($0, to: Pending.self) }

  static func hasPending(_ handle: OpaquePointer) -> Bool {
    guard PQsslInUse(handle) == 1, let pending, let ssl = PQsslStruct(handle, "OpenSSL") else { return false }
    return pending(ssl) > 0
  }
}
