internal import EventLoop
internal import Logging
internal import ProtoWire
internal import RPCCore

/// What the addresses tell the machine.
extension LoopChannel {
  func connected(_ id: ChannelMachine.ID) { perform(machine.connected(id, now: loop.now)) }

  func connectFailed(_ id: ChannelMachine.ID, _ error: String) {
    log(.info, "A connection could not be opened.", ["error": "\(error)"])
    perform(machine.connectFailed(id, error, now: loop.now))
  }

  func disconnected(_ id: ChannelMachine.ID) {
    perform(machine.disconnected(id, hasCalls: !waiting.isEmpty, now: loop.now))
  }

  // MARK: Health

  func healthChanged(_ id: ChannelMachine.ID, isServing: Bool) {
    perform(machine.healthChanged(id, isServing: isServing))
  }

  func healthWatchEnded(_ id: ChannelMachine.ID, _ error: RPCError, hadAnswer: Bool) {
    let isUnimplemented = error.code == .unimplemented
    if isUnimplemented {
      log(.warning, "A server does not know grpc.health.v1.Health: its health is not watched.", [:])
    } else {
      log(.info, "The health watch of a server has failed.", ["error": "\(error)"])
    }
    perform(
      machine.healthWatchEnded(
        id, "its health is unknown: \(error.message)", isUnimplemented: isUnimplemented, hadAnswer: hadAnswer,
        now: loop.now))
  }

  // MARK: Calls

  func callBegan(_ call: OutgoingCall, on subchannel: LoopSubchannel) {
    guard machine.balancing.countsCalls, call.pinned == nil else { return }
    machine.callBegan(subchannel.id)
  }

  /// - Parameter code: nil: its end says nothing of the server.
  func callEnded(_ call: OutgoingCall, on subchannel: LoopSubchannel, _ code: StatusCode?) {
    guard machine.balancing.countsCalls, call.pinned == nil else { return }
    machine.callEnded(subchannel.id, code)
  }

  /// The trailers of a call, which may report the server's load.
  func trailersCame(_ metadata: Metadata, from subchannel: LoopSubchannel) {
    guard machine.balancing.readsLoadReports, let bytes = metadata.bytes("endpoint-load-metrics-bin").first,
      let report = try? Xds_Data_Orca_V3_OrcaLoadReport(wireBytes: bytes)
    else { return }
    machine.loadReported(subchannel.id, LoadReport(report), now: loop.now)
  }

  // MARK: What it looks like

  var snapshot: ChannelSnapshot {
    var snapshot = machine.snapshot
    for index in snapshot.subchannels.indices {
      guard let subchannel = subchannels[snapshot.subchannels[index].id] else { continue }
      snapshot.subchannels[index].connections = subchannel.allConnections.count
      snapshot.subchannels[index].runningCalls = subchannel.allConnections.reduce(0) { $0 + $1.callCount }
    }
    return snapshot
  }
}

extension LoadReport {
  init(_ report: Xds_Data_Orca_V3_OrcaLoadReport) {
    self.init(
      utilization: report.applicationUtilization > 0 ? report.applicationUtilization : report.cpuUtilization,
      calls: report.rpsFractional, errors: report.eps)
  }
}
