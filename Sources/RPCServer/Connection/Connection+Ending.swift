internal import EventLoop
internal import HTTP
import Logging
internal import Transport

/// The end of a connection: in order, after a fault, or at once.
extension Connection {
  private static let lingerTime = Duration.seconds(1)
  /// How long the PING that follows the first GOAWAY may take.
  private static let announceTime = Duration.seconds(1)

  /// Two-phase GOAWAY or, in HTTP/1.1, `connection: close`; then the calls that run are finished, and the connection
  /// is closed.
  func drain() {
    owner.loop.assertCurrent()
    // A connection that drains already because of its age now drains with its server.
    guard phase == .open else { return owner.loop.flushAtEndOfTurn(self) }
    switch session {
    case .http2(let session):
      phase = .announced
      session.announceShutdown()
      startTimer(after: Self.announceTime) { [unowned self] in refuseNewStreams() }
    case .http1(let session):
      phase = .draining
      // The response that is under way is the last one, and says so.
      session.drain()
    case .undetermined, .ended: phase = .draining
    }
    owner.loop.flushAtEndOfTurn(self)
  }

  func refuseNewStreams() {
    guard phase == .announced, case .http2(let session) = session else { return }
    phase = .draining
    timer?.cancel()
    session.refuseNewStreams()
    owner.loop.flushAtEndOfTurn(self)
  }

  func finishIfDone(_ session: HTTP2ServerSession) {
    if phase == .failing {
      linger()
    } else if phase == .draining, session.exchanges.isEmpty, !session.wantsWrite {
      linger()
    } else if session.isOver, phase != .lingering {
      linger()
    }
  }

  /// After a TLS failure the client is told why; after a socket failure it can't be told.
  func fail(_ failure: SocketTransport.Failure) {
    guard case .tls(let error) = failure, phase != .closed else { return close() }
    owner.log(.debug, "A connection broke TLS.", metadata: ["peer": "\(peer)", "error": "\(error)"])
    endAfterFlush()
  }

  /// Sends what tells the client about a fault (GOAWAY or an alert), and ends the connection.
  func endAfterFlush() {
    guard phase != .lingering, phase != .closed else { return }
    phase = .failing
    owner.loop.flushAtEndOfTurn(self)
  }

  func linger() {
    guard phase != .lingering, phase != .closed else { return }
    phase = .lingering
    stopLifeTimer()
    endCalls()
    transport.end()
    startTimer(after: Self.lingerTime) { [unowned self] in close() }
  }

  func startTimer(after delay: Duration, _ action: @escaping () -> Void) {
    timer?.cancel()
    let timer = LoopTimer(on: owner.loop, action)
    timer.schedule(after: delay)
    self.timer = timer
  }

  func endCalls() {
    let session = session
    self.session = .ended
    session.end()
  }

  /// Closes at once; calls that run are cancelled.
  func close() {
    guard phase != .closed else { return }
    phase = .closed
    timer?.cancel()
    timer = nil
    stopLifeTimer()
    writing = []
    endCalls()
    source?.cancel()
    source = nil
    transport.close()
    owner.remove(self)
  }
}
