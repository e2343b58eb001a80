internal import EventLoop
internal import Primitives

/// The addresses of the target.
extension ChannelMachine {
  mutating func resolve(_ now: UInt64) -> [Action] {
    resolveAt = nil
    isResolving = true
    return [.resolve]
  }

  /// A connection was lost or refused: the addresses may be others by now.
  mutating func askAgain(_ now: UInt64) -> [Action] {
    guard !settings.isStatic, isActive, !isResolving, resolveAt == nil else { return [] }
    let earliest = (resolvedAt ?? 0).saturatingAdd(Self.leastTimeBetweenResolutions)
    guard resolvedAt == nil || now >= earliest else {
      resolveAt = earliest
      return []
    }
    return resolve(now)
  }

  /// The target has these addresses.
  mutating func resolved(_ addresses: [SocketAddress], now: UInt64) -> [Action] {
    guard !addresses.isEmpty else { return resolutionFailed("the target has no addresses", now: now) }
    isResolving = false
    resolutionFailures = 0
    resolvedAt = now
    hasAddresses = true
    // It was the resolution that had failed.
    if subchannels.isEmpty { hasFailed = false }
    var kept: [Subchannel] = []
    for address in ordered(addresses) {
      kept.append(subchannels.first { $0.address == address } ?? makeSubchannel(address))
    }
    let dropped = subchannels.filter { old in !kept.contains { $0.id == old.id } }
    subchannels = kept
    if let latest = latestAttempt, index(of: latest) == nil { latestAttempt = nil }
    if sweepAt == nil, isActive { sweepAt = nextSweep(now) }
    let actions = dropped.map { .drop($0.id) } + connect(now) + [Action.dispatch]
    refresh()
    return actions
  }

  private mutating func ordered(_ addresses: [SocketAddress]) -> [SocketAddress] {
    let unique = AddressOrder.unique(addresses)
    guard case .pickFirst(let shuffles) = balancing.kind else { return unique }
    return AddressOrder.interleaved(shuffles ? unique.shuffled(using: &dice) : unique)
  }

  /// Resolution has failed; the channel keeps using the addresses that it had.
  mutating func resolutionFailed(_ error: String, now: UInt64) -> [Action] {
    isResolving = false
    resolutionFailures += 1
    guard isActive else { return [] }
    resolveAt = now.saturatingAdd(settings.backoff.delay(failures: resolutionFailures, using: &dice))
    guard subchannels.isEmpty else { return [] }
    lastError = error
    hasFailed = true
    return [.dispatch]
  }
}
