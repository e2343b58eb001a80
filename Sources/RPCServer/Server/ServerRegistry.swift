package import EventLoop
import RPCCore
import Synchronization

/// The servers of this process that are not shut down, for diagnostics. Any thread may use it.
package enum ServerRegistry {
  private struct Weak {
    weak var server: GRPCServer?
  }

  private static let entries = Mutex<[Int64: Weak]>([:])

  /// An id that is unique among the servers, listeners and connections of the process. Never 0.
  static func makeID() -> Int64 { DiagnosticID.next() }

  static func add(_ server: GRPCServer) { entries.withLock { $0[server.id] = Weak(server: server) } }

  static func remove(_ id: Int64) { _ = entries.withLock { $0.removeValue(forKey: id) } }

  /// The servers that use a loop, in the order in which they were made. A task on that loop can query them; the loops
  /// of other servers may have stopped, so that it would wait without end.
  package static func servers(on loop: EventLoop?) -> [GRPCServer] {
    let all = entries.withLock { entries in entries.sorted { $0.key < $1.key }.compactMap(\.value.server) }
    return all.filter { server in server.loops.contains { $0.loop === loop } }
  }
}
