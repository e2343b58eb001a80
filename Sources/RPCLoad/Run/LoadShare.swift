internal import Synchronization

/// What the loops of a load share: which call is next, how far it is, and whether it is to stop. Any thread.
package final class LoadShare: Sendable {
  private let next = Atomic(0)
  private let total: Int
  private let isStopped = Atomic(false)
  private let ended = Atomic(0)
  private let failed = Atomic(0)

  init(total: Int?) { self.total = total ?? .max }

  /// The number of the next call, from 0; nil if there is none, or the load is to stop.
  func claim() -> Int? {
    guard !isStopping else { return nil }
    let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
    return number < total ? number : nil
  }

  /// Whether no further call is to begin.
  var isStopping: Bool { isStopped.load(ordering: .relaxed) }

  func stop() { isStopped.store(true, ordering: .relaxed) }

  func callEnded(isError: Bool) {
    ended.wrappingAdd(1, ordering: .relaxed)
    if isError { failed.wrappingAdd(1, ordering: .relaxed) }
  }

  /// Calls that have ended so far, and those of them that failed.
  package var progress: (ended: Int, failed: Int) {
    (ended.load(ordering: .relaxed), failed.load(ordering: .relaxed))
  }
}
