internal import EventLoop
internal import Primitives

/// What a channel knows of one address. Pure.
struct Subchannel {
  enum Health: Equatable {
    /// Nobody watches it.
    case unwatched
    /// The server is being asked.
    case asked
    case serving
    /// It said that it does not serve, or did not say.
    case notServing
  }

  let id: ChannelMachine.ID
  let address: SocketAddress
  var state = ConnectivityState.idle
  /// An attempt has failed, and there was no connection since. In pick_first: in this round over the addresses.
  var hasFailed = false
  /// How many attempts have failed in a row.
  var failures = 0
  /// When the current attempt, or the last one, began.
  var beganAt: UInt64 = 0
  /// When the next attempt may begin, after a failure.
  var retryAt: UInt64 = 0
  var health = Health.unwatched
  /// How many health watches have failed in a row.
  var healthFailures = 0
  /// When the health watch, or the last one, began.
  var watchedAt: UInt64 = 0
  /// When the health watch may begin again; nil: it runs, or there is none.
  var watchAt: UInt64?
  /// Calls that run.
  var runningCalls = 0
  var tally = CallTally()
  var weight = ReportedWeight()

  init(_ id: ChannelMachine.ID, _ address: SocketAddress) {
    self.id = id
    self.address = address
  }

  /// Whether there is a connection to a server that serves.
  var isReachable: Bool { state == .ready && (health == .unwatched || health == .serving) }

  /// Whether it is known that calls would fail.
  var isDown: Bool { state == .ready ? health == .notServing : hasFailed }
}
