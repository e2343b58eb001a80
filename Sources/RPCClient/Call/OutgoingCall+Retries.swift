internal import EventLoop
internal import Primitives
internal import RPCCore

/// Calls that have failed and are tried again.
/// https://github.com/grpc/proposal/blob/master/A6-client-retries.md
extension OutgoingCall {
  /// An attempt has failed: the call is tried again if its policy, the channel's tokens and the server allow it, and
  /// nothing of a response has come.
  /// - Parameter pushback: `grpc-retry-pushback-ms` of the answer; nil if there was none.
  /// - Returns: false if the call must be ended instead.
  func retryIfAllowed(_ code: StatusCode, pushback: String?) -> Bool {
    self.pushback = pushback
    guard var retry else { return false }
    let pushback = RetryState.Pushback(pushback)
    let isCharged = retry.isCharged(code, pushback)
    let hasTokens = isCharged ? channel.core.throttle?.failed() ?? true : true
    guard !machine.isCommitted, outbound.canRewind else { return false }
    var random = SystemRandomNumberGenerator()
    let delay = retry.failed(code, pushback, isAllowed: hasTokens, using: &random)
    self.retry = retry
    guard let delay else { return false }
    observation?.attemptEnded(code)
    guard let exchange, let connection else {
      scheduleRetry(after: delay)
      return true
    }
    // Close the stream of the failed attempt first: whatever else arrives on it is of no interest.
    retryDelay = delay
    failedCode = code
    connection.abort(exchange)
    return true
  }

  /// Sends the call again after a delay in nanoseconds. The stream of the failed attempt is closed.
  func scheduleRetry(after delay: UInt64) {
    retryDelay = nil
    guard machine.phase == .queued || machine.retried() else { return }
    rewind()
    let timer = LoopTimer(on: loop) { [unowned self] in
      beginAttempt()
      channel.redispatch(self)
    }
    timer.schedule(atNanoseconds: loop.now.saturatingAdd(delay))
    retryTimer = timer
  }
}
