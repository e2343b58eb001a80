internal import EventLoop
import ProtoWire
internal import RPCClient

extension Grpc_Channelz_V1_Channel {
  /// A channel, as it is on all of its loops together.
  init(_ channel: ChannelRegistry.Entry, _ reports: [ChannelReport], _ clock: WallClock) {
    var calls = CallCounts()
    for report in reports { calls.add(report.calls) }
    let states = reports.map(\.state)
    // The best that it can do for a call somewhere.
    let state = [ConnectivityState.ready, .connecting, .transientFailure].first(where: states.contains) ?? .idle
    self = .with {
      $0.ref = .with {
        $0.channelID = channel.id
        $0.name = channel.name
      }
      $0.data = Grpc_Channelz_V1_ChannelData(
        state, target: channel.name, calls, reports.map { ($0.trace, $0.loop) }, clock)
      $0.subchannelRef = reports.flatMap(\.subchannels).map(Grpc_Channelz_V1_SubchannelRef.init)
    }
  }
}

extension Grpc_Channelz_V1_Subchannel {
  /// The connections of one loop to one address.
  init(_ subchannel: ChannelReport.Subchannel, _ clock: WallClock) {
    self = .with {
      $0.ref = Grpc_Channelz_V1_SubchannelRef(subchannel)
      $0.data = Grpc_Channelz_V1_ChannelData(
        subchannel.state, target: subchannel.address.description, subchannel.calls, [(subchannel.trace, nil)], clock)
      $0.socketRef = subchannel.connections.map { connection in
        .with {
          $0.socketID = connection.id
          $0.name = connection.remote?.description ?? ""
        }
      }
    }
  }
}

extension Grpc_Channelz_V1_SubchannelRef {
  fileprivate init(_ subchannel: ChannelReport.Subchannel) {
    self = .with {
      $0.subchannelID = subchannel.id
      $0.name = subchannel.address.description
    }
  }
}

extension Grpc_Channelz_V1_ChannelData {
  /// - Parameter traces: each with the loop that it is of, if there are several.
  fileprivate init(
    _ state: ConnectivityState, target: String, _ calls: CallCounts, _ traces: [(DiagnosticTrace, loop: String?)],
    _ clock: WallClock
  ) {
    self = .with {
      $0.state = .with { $0.state = .init(state) }
      $0.target = target
      $0.callsStarted = Int64(calls.started)
      $0.callsSucceeded = Int64(calls.succeeded)
      $0.callsFailed = Int64(calls.failed)
      $0.lastCallStartedTimestamp = clock.timestamp(calls.lastStarted)
      $0.trace = Grpc_Channelz_V1_ChannelTrace(traces, clock)
    }
  }
}

extension Grpc_Channelz_V1_ChannelConnectivityState.State {
  fileprivate init(_ state: ConnectivityState) {
    self =
      switch state {
      case .idle: .idle
      case .connecting: .connecting
      case .ready: .ready
      case .transientFailure: .transientFailure
      }
  }
}

extension Grpc_Channelz_V1_ChannelTrace {
  fileprivate init(_ traces: [(DiagnosticTrace, loop: String?)], _ clock: WallClock) {
    let events = traces.flatMap { trace, loop in trace.events.map { ($0, loop) } }.sorted { $0.0.time < $1.0.time }
    self = .with {
      $0.numEventsLogged = Int64(traces.reduce(0) { $0 + $1.0.count })
      $0.creationTimestamp = traces.map(\.0.created).min().flatMap(clock.timestamp)
      $0.events = events.map { event, loop in
        .with {
          $0.description = loop.map { "\($0): \(event.text)" } ?? event.text
          $0.severity = event.severity == .info ? .ctInfo : .ctWarning
          $0.timestamp = clock.timestamp(event.time)
          if let id = event.subchannel { $0.childRef = .subchannelRef(.with { $0.subchannelID = id }) }
        }
      }
    }
  }
}
