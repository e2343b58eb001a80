package import EventLoop
internal import HTTP
package import Primitives
import RPCCore
import Synchronization
internal import Transport

/// A connection as it was at one moment.
package struct ConnectionInsight: Sendable {
  package struct Call: Sendable {
    package let stream: Int32
    /// "users.v1.UserService/GetUser"; nil before its head was understood.
    package let method: String?
    package let state: String
  }

  package let id: Int64
  package let loop: Int
  package let local: SocketAddress?
  package let remote: SocketAddress?
  package let counters: ConnectionCounters
  package let security: TransportSecurity?
  package let sendWindow: Int
  package let receiveWindow: Int
  package let runningHandlers: Int
  /// Bytes that its socket did not take yet.
  package let unsent: Int
  package let calls: [Call]
}

/// What a server is doing: gathered on each of its loops, so that looking costs those nothing who do not look. Any
/// thread but a loop's, and any task.
extension GRPCServer {
  package var listening: [(id: Int64, address: SocketAddress)] {
    listeners.withLock { $0.map { ($0.id, $0.address) } }
  }

  package func callCounters() async -> CallCounters {
    var sum = CallCounters()
    for owner in loops { sum.add(await owner.look { $0.calls }) }
    return sum
  }

  /// The connections with this number or a larger one, in order.
  package func connectionIDs(from least: Int64) async -> [Int64] {
    var ids: [Int64] = []
    for owner in loops { ids += await owner.look { $0.connections.lazy.map(\.id).filter { $0 >= least } } }
    return ids.sorted()
  }

  package func connection(_ id: Int64) async -> ConnectionInsight? {
    for (index, owner) in loops.enumerated() {
      let found = await owner.look { owner in owner.connections.first { $0.id == id }?.insight(loop: index) }
      if let found { return found }
    }
    return nil
  }
}

extension ServerLoop {
  /// Runs `body` on the loop's thread.
  fileprivate func look<T: Sendable>(_ body: @escaping @Sendable (ServerLoop) -> T) async -> T {
    await withUnsafeContinuation { done in
      loop.execute { [self] in done.resume(returning: body(self)) }
    }
  }
}

extension Connection {
  fileprivate func insight(loop: Int) -> ConnectionInsight {
    ConnectionInsight(
      id: id, loop: loop, local: Socket.localAddress(transport.descriptor),
      remote: Socket.peerAddress(transport.descriptor),
      counters: counters, security: transport.security, sendWindow: session?.sendWindow ?? 0,
      receiveWindow: session?.receiveWindow ?? 0, runningHandlers: runningHandlers, unsent: transport.unsent.count,
      calls: calls.map(\.insight).sorted { $0.stream < $1.stream })
  }
}

extension Call {
  fileprivate var insight: ConnectionInsight.Call {
    let state =
      switch machine.phase {
      case .head: "receiving its head"
      case .request, .ready: "receiving its request"
      case .running: context?.call.response.withLock { "\($0.stage)" } ?? "running"
      case .answered, .closed: "sending its response"
      }
    return ConnectionInsight.Call(stream: exchange?.id ?? 0, method: route?.description, state: state)
  }
}
