internal import EventLoop
internal import Primitives

/// Decides which addresses a channel connects to, when, and which of them takes the next call. Pure: its driver tells
/// it what happened and what time it is (CLOCK_MONOTONIC in nanoseconds), and does what it returns.
///
/// pick_first: https://github.com/grpc/proposal/blob/master/A62-pick-first.md and
/// https://github.com/grpc/proposal/blob/master/A61-IPv4-IPv6-dualstack-backends.md: the state stays TRANSIENT_FAILURE
/// until a connection is established.
struct ChannelMachine {
  typealias ID = Int

  enum Action: Equatable {
    /// Ask for the target's addresses.
    case resolve
    case connect(ID, SocketAddress)
    /// Close the connections to the address when their calls have ended, and give up an attempt to connect: the target
    /// no longer has the address, or nobody needs it.
    case drop(ID)
    /// Ask the server whether it serves. `healthChanged` or `healthWatchEnded` follows.
    case watchHealth(ID)
    /// Look again at the waiting calls.
    case dispatch
  }

  struct Settings {
    var balancing = LoadBalancing.pickFirst
    var backoff = ConnectionBackoff()
    /// How long pick_first waits for one address before it tries the next one as well, in nanoseconds.
    var attemptDelay: UInt64 = 250_000_000
    /// The target's addresses never change.
    var isStatic = false
    /// Whether servers are asked for their health. pick_first never asks: it has nowhere else to go.
    var checksHealth = false
  }

  /// The least time between two resolutions of the target, in nanoseconds.
  static let leastTimeBetweenResolutions: UInt64 = 30_000_000_000

  private(set) var settings: Settings
  var subchannels: [Subchannel] = []
  private var nextID = 0
  /// Somebody needs the channel.
  var isActive = false
  /// No address has a connection, and all have failed since the last one; or none is known.
  var hasFailed = false
  var lastError = ""
  var dice: Dice

  // ChannelMachine+Resolving.swift.
  var hasAddresses = false
  var isResolving = false
  var resolutionFailures = 0
  var resolvedAt: UInt64?
  var resolveAt: UInt64?

  // ChannelMachine+Connecting.swift, for pick_first: the attempt that began last, and when the next one may.
  var latestAttempt: ID?
  var nextAttemptAt: UInt64?

  // ChannelMachine+Picking.swift.
  /// The indices of the subchannels that take calls.
  var usable: [Int] = []
  var turn = 0
  /// Nil: it is to be made anew.
  var schedule: StrideSchedule?
  var scheduleUntil: UInt64 = 0

  /// When the addresses are judged by their calls; nil: they are not.
  var sweepAt: UInt64?

  init(_ settings: Settings, seed: UInt64) {
    self.settings = settings
    dice = Dice(state: seed)
  }

  var balancing: LoadBalancing { settings.balancing }

  /// The state of the whole channel.
  var state: ConnectivityState {
    if !usable.isEmpty { return .ready }
    if !isActive { return .idle }
    return hasFailed ? .transientFailure : .connecting
  }

  /// When `tick` is to be called next; nil: not before something else happens.
  var nextTick: UInt64? {
    var next = min(resolveAt ?? .max, sweepAt ?? .max)
    if isActive, let nextAttemptAt { next = min(next, nextAttemptAt) }
    for subchannel in subchannels {
      if subchannel.state == .transientFailure { next = min(next, subchannel.retryAt) }
      if let watchAt = subchannel.watchAt { next = min(next, watchAt) }
    }
    return next == .max ? nil : next
  }

  // MARK: Calls

  /// A call waits for a connection.
  mutating func callIsWaiting(now: UInt64) -> [Action] {
    guard !isActive else { return [] }
    isActive = true
    var actions: [Action] = []
    if !isResolving, resolveAt == nil { actions += hasAddresses ? askAgain(now) : resolve(now) }
    if sweepAt == nil, !subchannels.isEmpty { sweepAt = nextSweep(now) }
    beginRound()
    actions += connect(now)
    refresh()
    return actions
  }

  /// Nobody has needed the channel for long.
  mutating func becomeIdle() -> [Action] {
    let dropped = subchannels.map { Action.drop($0.id) }
    isActive = false
    hasFailed = false
    resolveAt = nil
    sweepAt = nil
    nextAttemptAt = nil
    latestAttempt = nil
    // The next call resolves the target again: its addresses may have changed by then.
    subchannels = []
    hasAddresses = false
    refresh()
    return dropped
  }

  /// Time has passed: see `nextTick`.
  mutating func tick(now: UInt64) -> [Action] {
    var actions: [Action] = []
    for index in subchannels.indices {
      if subchannels[index].state == .transientFailure, subchannels[index].retryAt <= now {
        subchannels[index].state = .idle
      }
      if let watchAt = subchannels[index].watchAt, watchAt <= now { actions.append(watchHealth(index, now)) }
    }
    if let resolveAt, resolveAt <= now { actions += resolve(now) }
    if let sweepAt, sweepAt <= now { sweep(now) }
    actions += connect(now)
    refresh()
    return actions
  }

  /// The service config has changed. With another policy, everything begins anew when the addresses are told next.
  mutating func changed(_ settings: Settings) -> [Action] {
    let isOther =
      settings.balancing != self.settings.balancing || settings.checksHealth != self.settings.checksHealth
    self.settings = settings
    guard isOther else { return [] }
    let dropped = subchannels.map { Action.drop($0.id) }
    subchannels = []
    sweepAt = nil
    nextAttemptAt = nil
    latestAttempt = nil
    refresh()
    return dropped
  }

  // MARK: Subchannels

  mutating func makeSubchannel(_ address: SocketAddress) -> Subchannel {
    defer { nextID += 1 }
    return Subchannel(nextID, address)
  }

  func index(of id: ID) -> Int? { subchannels.firstIndex { $0.id == id } }
}
