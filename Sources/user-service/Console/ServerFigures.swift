import CJemalloc
import Postgres
import Primitives
import RPCServer
import Synchronization
import Transport

/// What the console shows of a running server. Any task may ask.
final class ServerFigures: Sendable {
  private let database: PostgresClient
  private let loops: Int
  private let start = (seconds: WallClock.seconds(), nanoseconds: MonotonicClock.nanoseconds)
  private let server = Mutex(Reference())

  /// The server holds its routes, and so the figures: they must not hold it.
  private struct Reference {
    weak var server: GRPCServer?
  }

  /// - Parameter loops: how many event loops serve.
  init(database: PostgresClient, loops: Int) {
    self.database = database
    self.loops = loops
  }

  /// The server that the figures are of. It needs its routes first, so it comes later than they.
  func attach(_ server: GRPCServer) { self.server.withLock { $0.server = server } }

  /// An object of numbers and texts that need no escaping.
  func json() async -> String {
    let server = server.withLock { $0.server }
    let calls = await server?.callCounters() ?? CallCounters()
    let connections = await server?.connectionIDs(from: 0).count ?? 0
    let uptime = (MonotonicClock.nanoseconds - start.nanoseconds) / 1_000_000_000
    return """
      {"version": "\(UserServiceVersion.current)", "startTime": "\(WallClock.text(start.seconds))", \
      "uptimeSeconds": \(uptime), "loops": \(loops), "connections": \(connections), \
      "calls": {"started": \(calls.started), "succeeded": \(calls.succeeded), "failed": \(calls.failed)}, \
      "memory": {"residentBytes": \(cjemalloc_resident_bytes()), "allocatedBytes": \(cjemalloc_allocated_bytes())}, \
      "database": {"isAvailable": \(database.isAvailable), "maximumConnections": \(database.maximumConnections)}}
      """
  }
}
