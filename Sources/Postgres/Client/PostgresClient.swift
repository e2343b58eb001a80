public import EventLoop
public import Logging
import Primitives
import Synchronization

/// A Postgres client on event loops: pipelined connections for reads, a pool of connections for writes and
/// transactions.
///
/// Each loop has its own connections. A statement submitted on a loop of the group stays on that loop: no lock, no
/// other thread. A statement submitted elsewhere goes to one of the loops, and its answer resumes the caller on the
/// caller's own executor.
///
/// Reads (`Statement.isReadOnly`) submitted in one turn of a loop are sent together and share a round trip. A write is
/// a transaction of its own and is answered after its commit. It holds a connection until then, because it may wait for
/// locks of others. The client keeps no order between concurrent calls.
///
/// While the database is unreachable, calls are refused at once with `unavailable`. If a single connection drops, reads
/// don't notice. Every method may be called from any thread.
public final class PostgresClient: Sendable {
  let clients: [LoopClient]
  private let availability: Availability
  private let settings: ConnectionSettings
  private let resolver = NameResolver()
  private let cancellations: OffloadPool
  private let turn = Atomic<Int>(0)

  /// Creates a client. It opens no connection until `start()`.
  /// - Parameter loops: must keep running until `shutdown()` has returned.
  /// - Throws: `invalidConfiguration` if the URL is unusable; the message never quotes the URL.
  public init(
    configuration: PostgresConfiguration, loops: EventLoopGroup, logger: Logger
  ) throws(PostgresError) {
    cancellations = OffloadPool(threads: 2, queueLimit: 64)
    do {
      let target = try ConnectionString(configuration.url)
      settings = ConnectionSettings(
        configuration: configuration, target: target, resolver: resolver, cancellations: cancellations)
    } catch {
      cancellations.shutdown()
      throw error
    }
    let availability = Availability(loops: loops.loops.count)
    self.availability = availability
    let settings = settings
    clients = loops.loops.enumerated().map { index, loop in
      LoopClient(
        loop: loop, index: index, limits: Self.limits(configuration, index: index, of: loops.loops.count),
        groups: max(1, configuration.maximumGroupsInFlight / loops.loops.count), settings: settings, logger: logger,
        availability: availability)
    }
  }

  /// One loop's share of the process's pool. The shares add up to the configured sizes, except that each loop gets at
  /// least one connection.
  static func limits(
    _ configuration: PostgresConfiguration, index: Int, of count: Int
  ) -> LeasePool<ConnectionWaiter>.Limits {
    func share(_ total: Int) -> Int { total / count + (index < total % count ? 1 : 0) }
    return LeasePool<ConnectionWaiter>.Limits(
      size: max(1, share(max(0, configuration.poolSize))), overflow: share(max(0, configuration.poolOverflow)),
      opening: 4, queue: configuration.leaseQueueLimit, maximumAge: configuration.recycleAfter.clampedNanoseconds,
      overflowIdle: configuration.overflowIdle.clampedNanoseconds)
  }

  /// Connections for reads; they are always kept.
  public var sharedConnections: Int { clients.count * max(1, settings.configuration.sharedConnectionsPerLoop) }

  /// The most connections that it may have open.
  public var maximumConnections: Int {
    clients.indices.reduce(sharedConnections) { sum, index in
      let limits = Self.limits(settings.configuration, index: index, of: clients.count)
      return sum + limits.size + limits.overflow
    }
  }

  /// Starts connecting in the background; reconnects whenever a connection is lost. Doesn't block.
  public func start() {
    for client in clients { client.loop.execute { client.start() } }
  }

  /// Refuses new calls, lets calls in progress finish within `shutdownTimeout`, then closes all connections. Calls that
  /// are still unanswered then get `shutDown`.
  public func shutdown() async {
    for client in clients {
      await withUnsafeContinuation { continuation in
        client.loop.execute { client.beginShutdown(continuation) }
      }
    }
    resolver.shutdown()
    cancellations.shutdown()
  }

  /// Whether the client accepts calls: every loop has reached the database, and none has lost it since.
  public var isAvailable: Bool { availability.isAvailable }

  /// Why the last attempt to connect failed; nil once there is a connection. `isLasting` says whether waiting can't
  /// help.
  public var connectFailure: PostgresError? { availability.failure }

  /// Calls `observer` with each change of `isAvailable`, on a loop's thread: it must not block.
  public func onAvailabilityChange(_ observer: @escaping @Sendable (Bool) -> Void) {
    availability.observe(observer)
  }

  /// Runs one statement in a transaction of its own.
  ///
  /// A read that loses its connection is tried once more on another. A statement that is not read-only runs as a
  /// `write` without keys. When the task is cancelled or the deadline passes, the caller is answered at once.
  /// - Parameter deadline: CLOCK_MONOTONIC in nanoseconds; nil: `defaultTimeout` from now.
  /// - Throws: `PostgresError`; if `isSafeToRetry` is true, running the statement again does no harm.
  public nonisolated(nonsending) func query(
    _ statement: Statement, _ parameters: [PostgresValue] = [], deadline: UInt64? = nil
  ) async throws(PostgresError) -> PostgresRows {
    guard statement.isReadOnly else { return try await write(statement, parameters, deadline: deadline) }
    let client = currentOrNext()
    let request = PendingQuery(statement, parameters, deadline: effective(deadline, on: client))
    return try await run(request, on: client, deadline)
  }

  /// Finds the row with a given uuid. Calls with the same `Lookup` in one turn of a loop share a statement; errors,
  /// cancellation and deadline still apply to each call separately, as with `query`.
  /// - Parameter deadline: CLOCK_MONOTONIC in nanoseconds; nil: `defaultTimeout` from now.
  /// - Returns: nil if there is no such row.
  public nonisolated(nonsending) func find(
    _ lookup: Lookup, _ id: (high: UInt64, low: UInt64), deadline: UInt64? = nil
  ) async throws(PostgresError) -> PostgresRow? {
    let client = currentOrNext()
    let key = UInt128(id.high) << 64 | UInt128(id.low)
    return try await run(PendingQuery(lookup, key, deadline: effective(deadline, on: client)), on: client, deadline)
      .first
  }

  /// Inlined, because each async function in the call chain costs a frame and a switch of executors.
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
    if case .failure(let error) = answer { throw await Self.errorAfterYield(error, deadline) }
    return try answer.get()
  }

  /// The error that the caller gets for a failure.
  ///
  /// A refusal is thrown without any suspension. A caller that retried in a tight loop would then never let its event
  /// loop find out that the database is back, so refusals yield first.
  static nonisolated(nonsending) func errorAfterYield(_ error: PostgresError, _ deadline: UInt64?) async
    -> PostgresError
  {
    if [.unavailable, .queueFull, .shutDown].contains(error.code) { await Task.yield() }
    return error.seen(by: deadline)
  }

  /// Throws if the task is already cancelled. Otherwise its statement might still run, since the database can be faster
  /// than the cancellation handler.
  static func checkCancellation(_ statement: String?) throws(PostgresError) {
    guard Task.isCancelled else { return }
    throw PostgresError(.cancelled, "The call was cancelled.", statement: statement, isSafeToRetry: true)
  }

  /// The part of the client on the calling loop; outside the loops, the parts in rotation.
  func currentOrNext() -> LoopClient {
    if let current = EventLoop.current, let client = clients.first(where: { $0.loop === current }) { return client }
    let (_, next) = turn.wrappingAdd(1, ordering: .relaxed)
    return clients[Int(UInt(bitPattern: next) % UInt(clients.count))]
  }

  /// The deadline itself, or `defaultTimeout` from now. CLOCK_MONOTONIC in nanoseconds.
  func effective(_ deadline: UInt64?, on client: LoopClient) -> UInt64 {
    if let deadline { return deadline }
    let now = client.loop.isCurrent ? client.loop.now : MonotonicClock.nanoseconds
    return now.saturatingAdd(settings.configuration.defaultTimeout.clampedNanoseconds)
  }

  var statementTimeout: Duration { settings.configuration.statementTimeout }
}
