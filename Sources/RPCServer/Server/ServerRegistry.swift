package import EventLoop
import Synchronization

/// The servers of this process that are not shut down, for those who look into it. Any thread.
package enum ServerRegistry {
  private struct Weak {
    weak var server: GRPCServer?
  }

  private static let lastID = Atomic<Int64>(0)
  private static let entries = Mutex<[Int64: Weak]>([:])

  /// A number that no other server, listener or connection of the process has. Never 0.
  static func makeID() -> Int64 { lastID.add(1, ordering: .relaxed).newValue }

  static func add(_ server: GRPCServer) { entries.withLock { $0[server.id] = Weak(server: server) } }

  static func remove(_ id: Int64) { _ = entries.withLock { $0.removeValue(forKey: id) } }

  /// Those that live on a loop, in the order in which they were made. Whoever runs on the loop can ask them: servers on
  /// other loops might have none that still turns.
  package static func servers(on loop: EventLoop?) -> [GRPCServer] {
    let all = entries.withLock { entries in entries.sorted { $0.key < $1.key }.compactMap(\.value.server) }
    return all.filter { server in server.loops.contains { $0.loop === loop } }
  }
}
