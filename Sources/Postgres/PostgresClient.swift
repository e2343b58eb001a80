public import EventLoop
public import Logging
import Synchronization

/// A Postgres client on event loops: pipelined connections for reads, a pool of connections for writes and
/// transactions.
///
/// Each loop has connections of its own. Called on a loop of the group, a statement stays on it: no lock, no other
/// thread. Called elsewhere, it goes to one of the loops, and the answer resumes the caller where it was.
///
/// Reads (`Statement.isReadOnly`) asked in one turn of a loop leave together and share a round trip. A write is its own
/// transaction, and its answer comes after its commit; it holds a connection meanwhile, since it may wait for others'
/// locks. Neither keeps an order towards concurrent calls.
///
/// While the database is away, calls are refused at once with `unavailable`; a lone dropped connection is not seen by
/// reads. Every method may be called from any thread.
public final class PostgresClient: Sendable {
  let clients: [LoopClient]
  private let availability: Availability
  private let settings: ConnectionSettings
  private let lookups: OffloadPool
  private let cancellations: OffloadPool
  private let turn = Atomic<Int>(0)

  /// Makes a client that does nothing until `start()`.
  /// - Parameter loops: must run until `shutdown()` has returned.
  /// - Throws: `invalidConfiguration` if the URL cannot be used; the message never quotes it.
  public init(
    configuration: PostgresConfiguration, loops: EventLoopGroup, logger: Logger
  ) throws(PostgresError) {
    lookups = OffloadPool(threads: 1, queueLimit: 64)
    cancellations = OffloadPool(threads: 2, queueLimit: 64)
    do {
      let target = try ConnectionString(configuration.url)
      settings = ConnectionSettings(
        configuration: configuration, target: target, lookups: lookups, cancellations: cancellations)
    } catch {
      lookups.shutdown()
      cancellations.shutdown()
      throw error
    }
    let availability = Availability(loops: loops.loops.count)
    self.availability = availability
    let settings = settings
    clients = loops.loops.enumerated().map { index, loop in
      LoopClient(
        loop: loop, index: index, limits: Self.limits(configuration, index: index, of: loops.loops.count),
        groups: max(1, configuration.groupsUnderWay / loops.loops.count), settings: settings, logger: logger,
        availability: availability)
    }
  }

  /// The loop's part of the process's caps: their sum is the cap, and no loop is left without.
  static func limits(
    _ configuration: PostgresConfiguration, index: Int, of count: Int
  ) -> LeasePool<ConnectionWaiter>.Limits {
    func share(_ total: Int) -> Int { total / count + (index < total % count ? 1 : 0) }
    return LeasePool<ConnectionWaiter>.Limits(
      size: max(1, share(max(0, configuration.poolSize))), overflow: share(max(0, configuration.poolOverflow)),
      opening: 4, queue: configuration.leaseQueueLimit, maximumAge: configuration.recycleAfter.clampedNanoseconds,
      overflowIdle: configuration.overflowIdle.clampedNanoseconds)
  }

  /// Connects in the background, and again whenever a connection is lost.
  public func start() {
    for client in clients { client.loop.execute { client.start() } }
  }

  /// Refuses new calls, lets what is under way finish within `shutdownTimeout`, and closes all connections. Every call
  /// that is still waiting then gets `shutDown`.
  public func shutdown() async {
    for client in clients {
      await withUnsafeContinuation { continuation in
        client.loop.execute { client.beginShutdown(continuation) }
      }
    }
    lookups.shutdown()
    cancellations.shutdown()
  }

  /// Whether calls are let in: every loop has reached the database, and none has found it away since.
  public var isAvailable: Bool { availability.isAvailable }

  /// Calls `observer` with each change of `isAvailable`, on a loop's thread: it must not block.
  public func onAvailabilityChange(_ observer: @escaping @Sendable (Bool) -> Void) {
    availability.observe(observer)
  }

  /// Runs one statement in a transaction of its own.
  ///
  /// A read that loses its connection is tried once more elsewhere. A statement that is not read-only is a `write`
  /// without keys. Cancellation and the deadline answer at once.
  /// - Parameter deadline: CLOCK_MONOTONIC in nanoseconds; nil: `defaultTimeout` from now.
  public nonisolated(nonsending) func query(
    _ statement: Statement, _ parameters: [PostgresValue] = [], deadline: UInt64? = nil
  ) async throws(PostgresError) -> PostgresRows {
    guard statement.isReadOnly else { return try await write(statement, parameters, deadline: deadline) }
    let client = nearest()
    let request = PendingQuery(statement, parameters, deadline: effective(deadline, on: client))
    return try await run(request, on: client, deadline)
  }

  /// Finds the row that has a uuid, together with others of the same `Lookup` that are asked in the same turn of the
  /// loop. Errors, cancellation and the deadline are each one's own, as with `query`.
  /// - Parameter deadline: CLOCK_MONOTONIC in nanoseconds; nil: `defaultTimeout` from now.
  public nonisolated(nonsending) func find(
    _ lookup: Lookup, _ id: (high: UInt64, low: UInt64), deadline: UInt64? = nil
  ) async throws(PostgresError) -> PostgresRow? {
    let client = nearest()
    let key = UInt128(id.high) << 64 | UInt128(id.low)
    return try await run(PendingQuery(lookup, key, deadline: effective(deadline, on: client)), on: client, deadline)
      .first
  }

  /// Inlined: each async function on the way costs a frame and a switch of executors.
  @inline(__always)
  private nonisolated(nonsending) func run(
    _ request: PendingQuery, on client: LoopClient, _ deadline: UInt64?
  ) async throws(PostgresError) -> PostgresRows {
    try Self.checkCancellation(request.statement.name)
    let answer = await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        if client.loop.isCurrent {
          client.submit(request, continuation)
        } else {
          client.loop.execute { client.submit(request, continuation) }
        }
      }
    } onCancel: {
      client.loop.execute { client.cancel(request) }
    }
    if case .failure(let error) = answer { throw await Self.settled(error, deadline) }
    return try answer.get()
  }

  /// What the caller is told of a failure.
  ///
  /// A refusal comes without any wait. A caller that asks again at once must not hold its loop, which could then never
  /// learn that the database is back: so it lets others go first.
  static nonisolated(nonsending) func settled(_ error: PostgresError, _ deadline: UInt64?) async -> PostgresError {
    if [.unavailable, .queueFull, .shutDown].contains(error.code) { await Task.yield() }
    return error.seen(by: deadline)
  }

  /// A task that is cancelled already asks for nothing: the database might be faster than the cancellation handler.
  static func checkCancellation(_ statement: String?) throws(PostgresError) {
    guard Task.isCancelled else { return }
    throw PostgresError(.cancelled, "The call was cancelled.", statement: statement, isSafeToRetry: true)
  }

  /// The part on the calling loop; elsewhere the loops in turn.
  func nearest() -> LoopClient {
    if let current = EventLoop.current, let client = clients.first(where: { $0.loop === current }) { return client }
    let (_, next) = turn.wrappingAdd(1, ordering: .relaxed)
    return clients[Int(UInt(bitPattern: next) % UInt(clients.count))]
  }

  func effective(_ deadline: UInt64?, on client: LoopClient) -> UInt64 {
    if let deadline { return deadline }
    let now = client.loop.isCurrent ? client.loop.now : MonotonicClock.nanoseconds
    return now.saturatingAdd(settings.configuration.defaultTimeout.clampedNanoseconds)
  }

  var statementTimeout: Duration { settings.configuration.statementTimeout }
}
