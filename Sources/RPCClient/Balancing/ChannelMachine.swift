internal import EventLoop
internal import Primitives

/// Decides which addresses a channel connects to, when, and which of them takes the next call. Pure: its driver tells
/// it what happened and what time it is (CLOCK_MONOTONIC in nanoseconds), and does what it returns.
///
/// pick_first: https://github.com/grpc/grpc/blob/master/doc/load-balancing.md and
/// https://github.com/grpc/proposal/blob/master/A62-pick-first.md: the state stays TRANSIENT_FAILURE until a connection
/// is established.
struct ChannelMachine {
  typealias ID = Int

  enum Action: Equatable {
    /// Ask for the target's addresses.
    case resolve
    case connect(ID, SocketAddress)
    /// Close the connections to the address when their calls have ended: the target no longer has the address, or
    /// nobody needs it.
    case drop(ID)
    /// Look again at the waiting calls.
    case dispatch
  }

  enum Pick: Equatable {
    case use(ID)
    case wait
    /// Fail the call for this reason, unless it waits for ready.
    case fail(String)
  }

  struct Subchannel {
    let id: ID
    let address: SocketAddress
    var state = ConnectivityState.idle
    var failures = 0
    /// When the current attempt, or the last one, began.
    var beganAt: UInt64 = 0
    /// When the next attempt may begin, after a failure.
    var retryAt: UInt64 = 0
  }

  /// The least time between two resolutions of the target, in nanoseconds.
  static let leastTimeBetweenResolutions: UInt64 = 30_000_000_000

  private let balancing: LoadBalancing
  private let backoff: ConnectionBackoff
  /// The target's addresses never change.
  private let isStatic: Bool
  private(set) var subchannels: [Subchannel] = []
  private var nextID = 0
  /// Somebody needs the channel.
  private(set) var isActive = false
  private var hasAddresses = false
  private var isResolving = false
  private var resolutionFailures = 0
  private var resolvedAt: UInt64?
  private var resolveAt: UInt64?
  /// All attempts have failed since the last connection.
  private var hasFailed = false
  private var lastError = ""
  /// Where the next pick of round_robin begins.
  private var turn = 0

  init(_ balancing: LoadBalancing, backoff: ConnectionBackoff, isStatic: Bool) {
    self.balancing = balancing
    self.backoff = backoff
    self.isStatic = isStatic
  }

  /// The state of the whole channel.
  var state: ConnectivityState {
    if subchannels.contains(where: { $0.state == .ready }) { return .ready }
    if !isActive { return .idle }
    return hasFailed ? .transientFailure : .connecting
  }

  /// When `tick` is to be called next; nil: not before something else happens.
  var nextTick: UInt64? {
    var next = resolveAt
    for subchannel in subchannels where subchannel.state == .transientFailure {
      next = min(next ?? .max, subchannel.retryAt)
    }
    return next
  }

  // MARK: Calls

  /// Which address takes the next call.
  mutating func pick() -> Pick {
    switch balancing.kind {
    case .pickFirst:
      if let ready = subchannels.first(where: { $0.state == .ready }) { return .use(ready.id) }
    case .roundRobin:
      for offset in subchannels.indices {
        let subchannel = subchannels[(turn + offset) % subchannels.count]
        guard subchannel.state == .ready else { continue }
        turn = (turn + offset + 1) % subchannels.count
        return .use(subchannel.id)
      }
    }
    return state == .transientFailure ? .fail(lastError) : .wait
  }

  /// A call waits for a connection.
  mutating func callIsWaiting(now: UInt64) -> [Action] {
    guard !isActive else { return [] }
    isActive = true
    var actions: [Action] = []
    if !isResolving, resolveAt == nil { actions += hasAddresses ? askAgain(now) : resolve(now) }
    return actions + connect(now)
  }

  /// Nobody has needed the channel for long.
  mutating func becomeIdle() -> [Action] {
    isActive = false
    hasFailed = false
    resolveAt = nil
    let dropped = subchannels.map { Action.drop($0.id) }
    // The next call resolves the target again: its addresses may have changed by then.
    subchannels = []
    hasAddresses = false
    return dropped
  }

  // MARK: Addresses

  private mutating func resolve(_ now: UInt64) -> [Action] {
    resolveAt = nil
    isResolving = true
    return [.resolve]
  }

  /// A connection was lost or refused: the addresses may be others by now.
  private mutating func askAgain(_ now: UInt64) -> [Action] {
    guard !isStatic, isActive, !isResolving, resolveAt == nil else { return [] }
    let earliest = (resolvedAt ?? 0).saturatingAdd(Self.leastTimeBetweenResolutions)
    guard resolvedAt == nil || now >= earliest else {
      resolveAt = earliest
      return []
    }
    return resolve(now)
  }

  /// The target has these addresses.
  mutating func resolved(
    _ addresses: [SocketAddress], now: UInt64, using random: inout some RandomNumberGenerator
  ) -> [Action] {
    guard !addresses.isEmpty else {
      return resolutionFailed("the target has no addresses", now: now, using: &random)
    }
    isResolving = false
    resolutionFailures = 0
    resolvedAt = now
    hasAddresses = true
    var kept: [Subchannel] = []
    for address in addresses where !kept.contains(where: { $0.address == address }) {
      if let old = subchannels.first(where: { $0.address == address }) {
        kept.append(old)
      } else {
        kept.append(Subchannel(id: nextID, address: address))
        nextID += 1
      }
    }
    let dropped = subchannels.filter { old in !kept.contains { $0.id == old.id } }
    subchannels = kept
    return dropped.map { .drop($0.id) } + connect(now) + [.dispatch]
  }

  /// Resolution has failed; the channel keeps using the addresses that it had.
  mutating func resolutionFailed(
    _ error: String, now: UInt64, using random: inout some RandomNumberGenerator
  ) -> [Action] {
    isResolving = false
    resolutionFailures += 1
    guard isActive else { return [] }
    resolveAt = now.saturatingAdd(backoff.delay(failures: resolutionFailures, using: &random))
    guard subchannels.isEmpty else { return [] }
    lastError = error
    hasFailed = true
    return [.dispatch]
  }

  // MARK: Connections

  private mutating func connect(_ now: UInt64) -> [Action] {
    guard isActive else { return [] }
    switch balancing.kind {
    case .pickFirst:
      let isBusy = subchannels.contains { $0.state == .ready || $0.state == .connecting }
      guard !isBusy, let index = subchannels.firstIndex(where: { $0.state == .idle }) else { return [] }
      return [connect(at: index, now)]
    case .roundRobin:
      return subchannels.indices.filter { subchannels[$0].state == .idle }.map { connect(at: $0, now) }
    }
  }

  private mutating func connect(at index: Int, _ now: UInt64) -> Action {
    subchannels[index].state = .connecting
    subchannels[index].beganAt = now
    return .connect(subchannels[index].id, subchannels[index].address)
  }

  /// A connection is established, and the server's SETTINGS have arrived on it.
  mutating func connected(_ id: ID) -> [Action] {
    guard let index = subchannels.firstIndex(where: { $0.id == id }) else { return [.drop(id)] }
    subchannels[index].state = .ready
    subchannels[index].failures = 0
    hasFailed = false
    return [.dispatch]
  }

  /// An attempt has failed.
  mutating func connectFailed(
    _ id: ID, _ error: String, now: UInt64, using random: inout some RandomNumberGenerator
  ) -> [Action] {
    guard let index = subchannels.firstIndex(where: { $0.id == id }) else { return [] }
    subchannels[index].state = .transientFailure
    subchannels[index].failures += 1
    let delay = backoff.delay(failures: subchannels[index].failures, using: &random)
    subchannels[index].retryAt = max(now, subchannels[index].beganAt.saturatingAdd(delay))
    lastError = error
    var actions = connect(now)
    guard subchannels.allSatisfy({ $0.state == .transientFailure }) else { return actions }
    hasFailed = true
    actions += askAgain(now)
    return actions + [.dispatch]
  }

  /// The address no longer has a connection that takes calls: the connection was lost, or the server sent GOAWAY.
  /// - Parameter hasCalls: calls wait.
  mutating func disconnected(_ id: ID, hasCalls: Bool, now: UInt64) -> [Action] {
    guard let index = subchannels.firstIndex(where: { $0.id == id }), subchannels[index].state == .ready else {
      return []
    }
    subchannels[index].state = .idle
    var actions = askAgain(now)
    // pick_first waits for a call before it connects again.
    if balancing == .pickFirst { isActive = hasCalls }
    actions += connect(now)
    return actions
  }

  /// Time has passed: see `nextTick`.
  mutating func tick(now: UInt64) -> [Action] {
    var actions: [Action] = []
    for index in subchannels.indices {
      guard subchannels[index].state == .transientFailure, subchannels[index].retryAt <= now else { continue }
      subchannels[index].state = .idle
    }
    if let resolveAt, resolveAt <= now { actions += resolve(now) }
    return actions + connect(now)
  }
}
