internal import Primitives
internal import RPCCore

/// The attempts of one hedged call: how many there are, and when the next begins. Pure; times are nanoseconds of one
/// clock. https://github.com/grpc/proposal/blob/master/A6-client-retries.md#hedging-policy
struct HedgingState {
  /// What follows a failure.
  enum Verdict: Equatable {
    /// The call ends with it.
    case end
    /// Another attempt runs, or begins at `due`.
    case goOn
  }

  private let policy: HedgingPolicy
  /// Attempts that have begun.
  private(set) var begun = 0
  /// Those of them that have not ended.
  private(set) var running = 0
  /// When the next attempt begins; nil: none does.
  private(set) var due: UInt64?
  /// No further attempt begins: the server has said so, too many calls fail, or the call is committed to one.
  private var isStopped = false

  init(_ policy: HedgingPolicy) { self.policy = policy }

  private var hasMore: Bool { !isStopped && begun < min(policy.maximumAttempts, RetryState.mostAttempts) }

  /// An attempt begins: the first one, or the one that was due.
  mutating func began(now: UInt64) {
    begun += 1
    running += 1
    due = hasMore ? now.saturatingAdd(policy.delay.clampedNanoseconds) : nil
  }

  /// The time that was due has come.
  /// - Parameter isAllowed: the channel has tokens.
  /// - Returns: whether an attempt is to begin.
  mutating func isDue(now: UInt64, isAllowed: Bool) -> Bool {
    guard let due, due <= now else { return false }
    guard isAllowed else {
      stop()
      return false
    }
    return true
  }

  /// Whether such a failure costs a token.
  func isCharged(_ code: StatusCode, _ pushback: RetryState.Pushback) -> Bool {
    policy.nonFatalCodes.contains(code) || pushback == .never
  }

  /// An attempt has failed.
  /// - Parameter isAllowed: the channel has tokens for another.
  mutating func failed(
    _ code: StatusCode, _ pushback: RetryState.Pushback, isAllowed: Bool, now: UInt64
  ) -> Verdict {
    running -= 1
    guard policy.nonFatalCodes.contains(code) else {
      stop()
      return .end
    }
    if pushback == .never || !isAllowed { stop() }
    guard hasMore else {
      due = nil
      return running > 0 ? .goOn : .end
    }
    // Once all have begun, `due` is nil; here another one follows, at once or when the server wants it.
    if case .after(let time) = pushback { due = now.saturatingAdd(time) } else { due = now }
    return .goOn
  }

  /// No attempt runs, and none follows.
  var isOver: Bool { begun > 0 && running == 0 && due == nil }

  /// No further attempt begins.
  mutating func stop() {
    isStopped = true
    due = nil
  }
}
