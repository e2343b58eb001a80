internal import Synchronization

/// The tokens of a channel. Any thread.
final class RetryThrottle: Sendable {
  /// Thousandths of a token.
  private let maximum: Int
  private let gain: Int
  private let tokens: Atomic<Int>

  init(_ limits: RetryThrottling) {
    maximum = min(max(limits.maximumTokens, 1), 1000) * 1000
    gain = max(Int(min(max(limits.tokenRatio, 0), 1000) * 1000), 1)
    tokens = Atomic(maximum)
  }

  /// A call, or one attempt of it, has succeeded, or failed for a reason that says nothing about the server.
  func succeeded() { change(by: gain) }

  /// An attempt has failed.
  /// - Returns: whether retries are allowed.
  func failed() -> Bool { change(by: -1000) > maximum / 2 }

  /// Whether there are tokens for another attempt.
  var allowsRetries: Bool { tokens.load(ordering: .relaxed) > maximum / 2 }

  @discardableResult
  private func change(by step: Int) -> Int {
    var old = tokens.load(ordering: .relaxed)
    while true {
      let new = min(max(old + step, 0), maximum)
      if new == old { return new }
      let (isDone, current) = tokens.weakCompareExchange(
        expected: old, desired: new, successOrdering: .relaxed, failureOrdering: .relaxed)
      if isDone { return new }
      old = current
    }
  }
}
