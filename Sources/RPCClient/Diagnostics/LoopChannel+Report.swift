internal import EventLoop
internal import HTTP
internal import RPCCore
internal import Transport

extension LoopChannel {
  /// Loop thread.
  var report: ChannelReport {
    loop.assertCurrent()
    return ChannelReport(
      loop: loop.name, state: state, calls: counts, trace: trace,
      subchannels: machine.snapshot.subchannels.compactMap { subchannel in
        subchannels[subchannel.id].map { $0.report(subchannel.state) }
      }, waitingCalls: waitingCount)
  }

  /// Notes a change of the channel's state.
  func traceState() {
    let now = state
    guard now != tracedState else { return }
    tracedState = now
    trace.add(now == .transientFailure ? .warning : .info, "\(now.name)")
  }
}

extension LoopSubchannel {
  func report(_ state: ConnectivityState) -> ChannelReport.Subchannel {
    ChannelReport.Subchannel(
      id: diagnosticID, address: address, state: state, calls: counts, trace: trace,
      connections: allConnections.map(\.report))
  }
}

extension ClientConnection {
  var report: ChannelReport.Connection {
    ChannelReport.Connection(
      id: diagnosticID, local: Socket.localAddress(transport.descriptor),
      remote: Socket.peerAddress(transport.descriptor), security: transport.security, counters: counters.values,
      openStreams: callCount, unsent: transport.unsentCount, sendWindow: session?.sendWindow ?? 0,
      receiveWindow: session?.receiveWindow ?? 0, isDraining: isDraining)
  }
}

extension ConnectivityState {
  /// As gRPC's documents write it.
  package var name: String {
    switch self {
    case .idle: "IDLE"
    case .connecting: "CONNECTING"
    case .ready: "READY"
    case .transientFailure: "TRANSIENT_FAILURE"
    }
  }
}
