internal import EventLoop
internal import HTTP
internal import Transport

/// How a connection ends.
extension ClientConnection {
  /// Takes no further calls, and ends with those that it has.
  func drain() {
    switch phase {
    case .opening: close("it is no longer needed")
    case .open:
      stopTaking()
      session?.shutDown()
    case .draining, .failing, .closed: break
    }
  }

  func finishIfDone(_ session: HTTP2ClientSession) {
    guard transport.unsentCount == 0 else { return }
    switch phase {
    case .failing(let reason): close(reason)
    case .draining where session.exchanges.isEmpty && !session.wantsWrite: close("all its calls have ended")
    case .opening, .open, .draining:
      if session.isOver { close("the server ended the connection") }
    case .closed: break
    }
  }

  /// After a TLS failure the server is told why; after a socket failure it can't be told.
  func broken(_ failure: SocketTransport.Failure) {
    switch failure {
    case .socket: close("the socket failed")
    case .tls(let error): fail("\(error)")
    }
  }

  /// Sends what tells the server about a fault (GOAWAY or an alert), and ends the connection.
  func fail(_ reason: String) {
    switch phase {
    case .failing, .closed: return
    case .opening, .open, .draining: break
    }
    stopTaking()
    phase = .failing(reason)
    // Don't wait longer for a server that reads nothing.
    startTimer(after: .seconds(1)) { [unowned self] in close(reason) }
    loop.flushAtEndOfTurn(self)
  }

  func close(_ why: String) {
    // The reason of the failure says more than how the connection ended.
    let reason: String
    switch phase {
    case .closed: return
    case .failing(let cause): reason = cause
    case .opening, .open, .draining: reason = why
    }
    phase = .closed
    loss = reason
    timer?.cancel()
    timer = nil
    // Tell the channel first, so that it does not give calls that are sent again to this connection.
    subchannel.connectionClosed(self, wasReady: wasReady, reason)
    writing = []
    unsent = []
    let session = session.take()
    counters.session = nil
    session?.end()
    source?.cancel()
    source = nil
    transport.end()
    transport.close()
  }
}
