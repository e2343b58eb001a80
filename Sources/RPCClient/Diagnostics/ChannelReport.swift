package import EventLoop
package import Primitives
package import RPCCore

/// What the part of a channel on one loop has and does, for diagnostics.
package struct ChannelReport: Sendable {
  /// The connections to one address.
  package struct Subchannel: Sendable {
    package let id: Int64
    package let address: SocketAddress
    package let state: ConnectivityState
    /// Of the calls that its connections took, each attempt.
    package let calls: CallCounts
    package let trace: DiagnosticTrace
    package let connections: [Connection]
  }

  /// One connection.
  package struct Connection: Sendable {
    package let id: Int64
    package let local: SocketAddress?
    package let remote: SocketAddress?
    package let security: TransportSecurity?
    package let counters: ConnectionCounters
    package let openStreams: Int
    /// Bytes that the socket has not accepted yet.
    package let unsent: Int
    package let sendWindow: Int
    package let receiveWindow: Int
    /// Whether it takes no further calls.
    package let isDraining: Bool
  }

  package let loop: String
  package let state: ConnectivityState
  package let calls: CallCounts
  package let trace: DiagnosticTrace
  package let subchannels: [Subchannel]
  /// Calls that wait for a connection.
  package let waitingCalls: Int
}
