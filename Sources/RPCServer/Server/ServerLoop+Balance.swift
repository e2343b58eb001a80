internal import EventLoop
import Synchronization

extension [ServerLoop] {
  /// Hands a connection to the loop that has the fewest. Any thread.
  /// - Parameter limit: how many connections there may be on all of them.
  /// - Returns: nil if a loop takes it; else how many there are.
  func handOver(_ accepted: Listener.Accepted, limit: Int) -> Int? {
    var target = self[0]
    var least = Int.max
    var open = 0
    for candidate in self {
      let load = candidate.load.load(ordering: .relaxed)
      open += load
      if load < least {
        least = load
        target = candidate
      }
    }
    guard open < limit else { return open }
    target.load.add(1, ordering: .relaxed)
    if target.loop.isCurrent {
      target.adopt(accepted)
    } else {
      target.loop.execute { [target] in target.adopt(accepted) }
    }
    return nil
  }
}
