internal import EventLoop
internal import Primitives

/// Connections and attempts.
extension ChannelMachine {
  /// Begins the attempts that are due.
  mutating func connect(_ now: UInt64) -> [Action] {
    guard isActive else { return [] }
    return balancing.isPickFirst ? connectToFirst(now) : connectToAll(now)
  }

  private mutating func connectToAll(_ now: UInt64) -> [Action] {
    subchannels.indices.filter { subchannels[$0].state == .idle }.map { begin($0, now) }
  }

  /// In the first round over the addresses each is tried once, in their order; the next one begins when the one before
  /// has failed, or has taken longer than the delay. Afterwards each is tried again as its backoff allows.
  private mutating func connectToFirst(_ now: UInt64) -> [Action] {
    guard !subchannels.contains(where: { $0.state == .ready }) else { return [] }
    guard let next = untried else {
      nextAttemptAt = nil
      return subchannels.allSatisfy(\.hasFailed) ? connectToAll(now) : []
    }
    if latestAttempt != nil, let nextAttemptAt, now < nextAttemptAt { return [] }
    let action = begin(next, now)
    latestAttempt = subchannels[next].id
    nextAttemptAt = untried == nil ? nil : now.saturatingAdd(settings.attemptDelay)
    return [action]
  }

  /// The next address of the first round.
  private var untried: Int? { subchannels.firstIndex { $0.state == .idle && !$0.hasFailed } }

  private mutating func begin(_ index: Int, _ now: UInt64) -> Action {
    subchannels[index].state = .connecting
    subchannels[index].beganAt = now
    return .connect(subchannels[index].id, subchannels[index].address)
  }

  /// pick_first begins again with the first address. Addresses that wait for their backoff are left out.
  mutating func beginRound() {
    guard balancing.isPickFirst, !hasFailed else { return }
    for index in subchannels.indices where subchannels[index].state == .idle { subchannels[index].hasFailed = false }
  }

  /// A connection is established, and the server's SETTINGS have arrived on it.
  mutating func connected(_ id: ID, now: UInt64) -> [Action] {
    guard let index = index(of: id) else { return [.drop(id)] }
    subchannels[index].state = .ready
    subchannels[index].failures = 0
    subchannels[index].hasFailed = false
    subchannels[index].weight.restart()
    var actions: [Action] = []
    if balancing.isPickFirst {
      actions = dropOthers(than: index)
    } else if settings.checksHealth {
      subchannels[index].healthFailures = 0
      actions = [watchHealth(index, now)]
    }
    refresh()
    return actions + [.dispatch]
  }

  /// The first connection has won: other attempts are given up.
  private mutating func dropOthers(than winner: Int) -> [Action] {
    latestAttempt = nil
    nextAttemptAt = nil
    var actions: [Action] = []
    for index in subchannels.indices where index != winner && subchannels[index].state == .connecting {
      actions.append(.drop(subchannels[index].id))
      // Under another identifier: what is still told of that attempt is of no interest.
      subchannels[index] = makeSubchannel(subchannels[index].address)
    }
    return actions
  }

  /// An attempt has failed.
  mutating func connectFailed(_ id: ID, _ error: String, now: UInt64) -> [Action] {
    guard let index = index(of: id) else { return [] }
    subchannels[index].state = .transientFailure
    subchannels[index].hasFailed = true
    subchannels[index].failures += 1
    let delay = settings.backoff.delay(failures: subchannels[index].failures, using: &dice)
    subchannels[index].retryAt = max(now, subchannels[index].beganAt.saturatingAdd(delay))
    if latestAttempt == id { latestAttempt = nil }
    lastError = error
    var actions = connect(now)
    refresh()
    guard hasFailed else { return actions }
    actions += askAgain(now)
    return actions + [.dispatch]
  }

  /// The address no longer has a connection that takes calls: the connection was lost, or the server sent GOAWAY.
  /// - Parameter hasCalls: calls wait.
  mutating func disconnected(_ id: ID, hasCalls: Bool, now: UInt64) -> [Action] {
    guard let index = index(of: id), subchannels[index].state == .ready else { return [] }
    subchannels[index].state = .idle
    subchannels[index].health = .unwatched
    subchannels[index].watchAt = nil
    var actions = askAgain(now)
    if balancing.isPickFirst {
      // It waits for a call before it connects again.
      isActive = hasCalls
      beginRound()
    }
    actions += connect(now)
    refresh()
    return actions
  }
}
