package import EventLoop
import Synchronization

/// The state of a server, for diagnostics. Each loop gathers its part only when somebody asks, so it costs nothing
/// otherwise. Any task may call these.
extension GRPCServer {
  /// The ids and addresses of its listening sockets.
  package var listening: [(id: Int64, address: SocketAddress)] {
    listeners.withLock { $0.map { ($0.id, $0.address) } }
  }

  /// The counters of all its calls.
  package func callCounters() async -> CallCounters {
    var sum = CallCounters()
    for owner in loops { sum.add(await owner.read { $0.calls }) }
    return sum
  }

  /// The ids of its connections that are at least `least`, in order.
  package func connectionIDs(from least: Int64) async -> [Int64] {
    var ids: [Int64] = []
    for owner in loops { ids += await owner.read { $0.connections.lazy.map(\.id).filter { $0 >= least } } }
    return ids.sorted()
  }

  /// The state of a connection; nil if there is none with this id.
  package func connection(_ id: Int64) async -> ConnectionSnapshot? {
    for (index, owner) in loops.enumerated() {
      let found = await owner.read { owner in owner.connections.first { $0.id == id }?.snapshot(loop: index) }
      if let found { return found }
    }
    return nil
  }
}

extension ServerLoop {
  /// Calls `body` on the loop's thread.
  fileprivate func read<T: Sendable>(_ body: @escaping @Sendable (ServerLoop) -> T) async -> T {
    await withUnsafeContinuation { done in
      loop.execute { [self] in done.resume(returning: body(self)) }
    }
  }
}
