package import EventLoop

/// What the part of a channel on one loop looks like at a moment: for channelz and metrics.
package struct ChannelSnapshot: Sendable {
  /// One address.
  package struct Subchannel: Sendable {
    /// Unique in the channel on this loop.
    package let id: Int
    /// Where it connects to.
    package let address: SocketAddress
    /// Whether there is a connection. A server that does not serve, by its own account, is in TRANSIENT_FAILURE.
    package let state: ConnectivityState
    /// Its connections are kept, but it gets no calls since it failed too many.
    package let isEjected: Bool
    /// How often it was ejected, less one for each interval since without an ejection.
    package let ejections: Int
    /// Whether its health is watched, and what it said last: nil: it is not watched, or has not said anything.
    package let isServing: Bool?
    /// How many attempts to connect have failed in a row.
    package let failures: Int
    /// The connections that take calls, or finish theirs.
    package internal(set) var connections = 0
    /// The calls that they carry, health watches among them.
    package internal(set) var runningCalls = 0
  }

  /// The channel's state on the loop.
  package let state: ConnectivityState
  /// Why the last attempt to connect, resolution or health watch failed; "" if none has.
  package let lastError: String
  /// All addresses of the target, in the order of the resolver, or of pick_first.
  package internal(set) var subchannels: [Subchannel]
}

extension ChannelMachine {
  /// What it looks like now, without the counts of connections and calls.
  var snapshot: ChannelSnapshot {
    ChannelSnapshot(
      state: state, lastError: lastError,
      subchannels: subchannels.map { subchannel in
        let isServing: Bool? =
          switch subchannel.health {
          case .unwatched, .asked: nil
          case .serving: true
          case .notServing: false
          }
        return ChannelSnapshot.Subchannel(
          id: subchannel.id, address: subchannel.address,
          state: subchannel.state == .ready && isServing == false ? .transientFailure : subchannel.state,
          isEjected: subchannel.tally.isEjected, ejections: Int(clamping: subchannel.tally.multiplier),
          isServing: isServing, failures: subchannel.failures)
      })
  }
}
