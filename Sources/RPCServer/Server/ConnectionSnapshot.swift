package import EventLoop
internal import HTTP
package import Primitives
package import RPCCore
import Synchronization
internal import Transport

/// The state of a connection at one moment.
package struct ConnectionSnapshot: Sendable {
  /// The state of one of its calls.
  package struct Call: Sendable {
    package let stream: Int32
    /// "users.v1.UserService/GetUser"; nil before the server has read the call's head.
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
  /// Bytes that the socket has not accepted yet.
  package let unsent: Int
  package let calls: [Call]
}

extension Connection {
  func snapshot(loop: Int) -> ConnectionSnapshot {
    let http2: HTTP2ServerSession? = if case .http2(let session) = session { session } else { nil }
    return ConnectionSnapshot(
      id: id, loop: loop, local: Socket.localAddress(transport.descriptor),
      remote: Socket.peerAddress(transport.descriptor),
      counters: counters, security: transport.security, sendWindow: http2?.sendWindow ?? 0,
      receiveWindow: http2?.receiveWindow ?? 0, runningHandlers: runningHandlers, unsent: transport.unsentCount,
      calls: calls.map(\.snapshot).sorted { $0.stream < $1.stream })
  }
}

extension Call {
  fileprivate var snapshot: ConnectionSnapshot.Call {
    let state =
      switch machine.phase {
      case .head: "receiving its head"
      case .request, .ready: "receiving its request"
      case .running: context?.call.response.withLock { "\($0.stage)" } ?? "running"
      case .answered, .closed: "sending its response"
      }
    return ConnectionSnapshot.Call(stream: exchange?.id ?? 0, method: route?.description, state: state)
  }
}
