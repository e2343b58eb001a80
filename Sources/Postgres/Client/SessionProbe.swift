import EventLoop

extension PostgresClient {
  /// Tells whether a pooler lets several connections share the sessions of the server, as PgBouncer does except with
  /// `pool_mode = session`. Prepared statements, settings and locks of a session don't work then.
  ///
  /// Without a pooler this costs nothing. With a pooler, which the process id of each connection gives away, it opens
  /// two connections, and closes them again.
  /// - Throws: `PostgresError` if it can't open these connections or loses one; `CancellationError`.
  public nonisolated(nonsending) func sharesSessions() async throws -> Bool {
    let client = clients[0]
    let probe = Task(executorPreference: client.loop) { () async throws -> Bool in
      let connections = client.slots.compactMap(\.connection).filter(\.isReady)
      if connections.contains(where: { !$0.isPooled }) { return false }
      return try await SessionProbe.run(on: client)
    }
    return try await withTaskCancellationHandler {
      try await probe.value
    } onCancel: {
      probe.cancel()
    }
  }
}

/// A connection that asks which process of the server serves it. Used only on its loop.
final class SessionProbe: ConnectionOwner {
  private let client: LoopClient
  private var connection: Connection?
  private var opening: UnsafeContinuation<Result<Void, PostgresError>, Never>?

  private init(_ client: LoopClient) { self.client = client }

  /// Tells whether two connections share sessions. If the process of a connection changes, or two open connections have
  /// the same one, they do; otherwise neither ever happens.
  ///
  /// One round is enough on an idle pool. A pooler keeps its idle sessions in a stack or in a queue: from a stack, the
  /// second connection gets the session that the first one has just released; from a queue, two questions in a row get
  /// two sessions, or there is only one, which both connections get. Other clients of the pool can spoil some rounds,
  /// so there are several.
  static nonisolated(nonsending) func run(on client: LoopClient) async throws -> Bool {
    let (first, second) = (SessionProbe(client), SessionProbe(client))
    defer {
      first.close()
      second.close()
    }
    try await first.open()
    try await second.open()
    let own = try await first.server()
    for _ in 0..<rounds {
      try Task.checkCancellation()
      let other = try await second.server()
      // Asked even if `other` is `own`, because `first` must still be open for that to mean something.
      let answers = [try await first.server(), try await first.server()]
      if other == own || answers.contains(where: { $0 != own }) { return true }
    }
    return false
  }

  private static let rounds = 10

  /// Two hosts may have processes with the same id, but they did not start Postgres in the same microsecond.
  private static let question = Statement(
    "start-up: session", "SELECT pg_backend_pid() || ' of ' || pg_postmaster_start_time()", isReadOnly: true)

  private nonisolated(nonsending) func open() async throws(PostgresError) {
    let connection = Connection(
      loop: client.loop, role: .leased(0), settings: client.settings, logger: client.logger, owner: self)
    self.connection = connection
    try await withUnsafeContinuation { (continuation: UnsafeContinuation<Result<Void, PostgresError>, Never>) in
      opening = continuation
      connection.connect()
    }.get()
  }

  private nonisolated(nonsending) func server() async throws(PostgresError) -> String {
    guard let connection else { throw PostgresError(.connectionLost, "The connection is closed.") }
    // A script, because a prepared statement would stay behind in a session that others use.
    let request = PendingQuery(Self.question, [], kind: .script, deadline: .max)
    let timer = LoopTimer(on: client.loop) { [unowned self] in close() }
    timer.schedule(after: client.settings.configuration.connectTimeout)
    defer { timer.cancel() }
    let answer = await withUnsafeContinuation { (continuation: PendingQuery.Continuation) in
      if request.begin(continuation, now: client.loop.now) { connection.enqueue(request) }
    }
    guard let row = try answer.get().first else {
      throw PostgresError(.protocolViolation, "The statement had no row.", statement: Self.question.name)
    }
    return try row[0].text
  }

  private func close() {
    connection?.close(PostgresError(.connectionLost, "The database did not answer in time."))
    connection = nil
  }

  private func opened(_ result: Result<Void, PostgresError>) {
    opening?.resume(returning: result)
    opening = nil
  }

  // MARK: ConnectionOwner

  func connectionIsReady(_ connection: Connection) { opened(.success(())) }
  func connectionFailed(_ connection: Connection, _ error: PostgresError) { opened(.failure(error)) }
  func connectionWasLost(_ connection: Connection, _ error: PostgresError) {}
  func connectionMadeProgress(_ connection: Connection) {}
  func resubmit(_ request: PendingQuery) {
    request.fail(PostgresError(.connectionLost, "The connection was lost.", isSafeToRetry: true))
  }
}
