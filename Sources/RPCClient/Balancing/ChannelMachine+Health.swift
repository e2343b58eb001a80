internal import Primitives

/// Whether servers say that they serve. https://github.com/grpc/proposal/blob/master/A17-client-side-health-checking.md
extension ChannelMachine {
  mutating func watchHealth(_ index: Int, _ now: UInt64) -> Action {
    subchannels[index].watchAt = nil
    subchannels[index].watchedAt = now
    subchannels[index].health = .asked
    return .watchHealth(subchannels[index].id)
  }

  /// The server says whether it serves.
  mutating func healthChanged(_ id: ID, isServing: Bool) -> [Action] {
    guard let index = index(of: id), subchannels[index].state == .ready else { return [] }
    subchannels[index].healthFailures = 0
    subchannels[index].health = isServing ? .serving : .notServing
    if !isServing { lastError = "\(subchannels[index].address) does not serve, it says" }
    refresh()
    return [.dispatch]
  }

  /// The watch has ended: it begins again after the backoff, which counts from its beginning. So one that the server,
  /// or a proxy, ends after a long time begins again at once.
  /// - Parameter isUnimplemented: the server does not know the method. Then it counts as serving.
  mutating func healthWatchEnded(
    _ id: ID, _ error: String, isUnimplemented: Bool, hadAnswer: Bool, now: UInt64
  ) -> [Action] {
    guard let index = index(of: id), subchannels[index].state == .ready else { return [] }
    if isUnimplemented {
      subchannels[index].health = .unwatched
      refresh()
      return [.dispatch]
    }
    subchannels[index].health = .notServing
    lastError = error
    subchannels[index].healthFailures = hadAnswer ? 1 : subchannels[index].healthFailures + 1
    let delay = settings.backoff.delay(failures: subchannels[index].healthFailures, using: &dice)
    subchannels[index].watchAt = max(now, subchannels[index].watchedAt.saturatingAdd(delay))
    refresh()
    return [.dispatch]
  }
}
