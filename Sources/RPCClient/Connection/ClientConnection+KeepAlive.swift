internal import EventLoop
internal import HTTP
internal import Primitives
internal import RPCCore

/// Whether the server is still there.
extension ClientConnection {
  /// https://github.com/grpc/proposal/blob/master/A8-client-side-keepalive.md
  func checkKeepAlive() {
    guard let session, let interval = channel.keepAliveInterval else { return }
    if callCount > 0 || channel.core.configuration.keepAlive.withoutCalls {
      switch keepAlive.check(now: loop.now, lastReceived: lastReceived) {
      case .none: break
      case .ping:
        session.ping()
        loop.flushAtEndOfTurn(self)
      case .giveUp: return close("the server did not answer a PING")
      }
    }
    let period = max(min(interval, channel.core.configuration.keepAlive.timeout) / 2, .milliseconds(1))
    startTimer(after: period) { [unowned self] in checkKeepAlive() }
  }

  func startTimer(after delay: Duration, _ action: @escaping () -> Void) {
    timer?.cancel()
    let timer = LoopTimer(on: loop, action)
    timer.schedule(after: delay)
    self.timer = timer
  }
}
