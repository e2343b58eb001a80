internal import EventLoop
internal import HTTP
internal import Transport

/// What the server sends.
extension ClientConnection {
  func ready(_ readiness: Readiness) {
    loop.assertCurrent()
    if !readiness.isDisjoint(with: [.readable, .hangup, .error]) { read() }
    if readiness.contains(.writable) { loop.flushAtEndOfTurn(self) }
  }

  private func read() {
    do throws(SocketTransport.Failure) {
      for _ in 0..<Self.readsPerTurn {
        if case .closed = phase { return }
        guard let count = try transport.read(into: shared.readBuffer) else { return }
        guard count > 0 else { return close("the server closed the connection") }
        try take(UnsafeRawBufferPointer(rebasing: shared.readBuffer[..<count]))
        if transport.isEnded { return close("the server ended TLS") }
        if count < shared.readBuffer.count { return }
      }
    } catch {
      broken(error)
    }
  }

  private func take(_ bytes: UnsafeRawBufferPointer) throws(SocketTransport.Failure) {
    lastReceived = loop.now
    // TLS may have records of its own to send, whether or not there is plaintext.
    defer { loop.flushAtEndOfTurn(self) }
    try transport.decipher(bytes, through: shared.plainBuffer, now: loop.now) { receive($0) }
  }

  private func receive(_ bytes: UnsafeRawBufferPointer) {
    guard let session, loss == nil else { return }
    if case .failing = phase { return }
    do throws(HTTP2Error) {
      try session.receive(bytes, now: loop.now)
      session.drainEvents()
      heed(session.takeNotices(), session)
    } catch {
      session.drainEvents()
      fail("the server violated HTTP/2: \(error)")
    }
  }

  private func heed(_ notices: HTTP2Notices, _ session: HTTP2ClientSession) {
    if notices.contains(.settings) {
      if case .opening = phase { becomeReady() }
      channel.lookAtWaiting()
    }
    guard notices.contains(.goAway), let goAway = session.goAway else { return }
    if goAway.code == .enhanceYourCalm, goAway.reason == "too_many_pings", let interval = channel.keepAliveInterval {
      channel.keepAliveInterval = min(interval * 2, .seconds(7200))
    }
    stopTaking()
  }

  private func becomeReady() {
    phase = .open
    wasReady = true
    timer?.cancel()
    timer = nil
    subchannel.connectionBecameReady(self)
    if channel.keepAliveInterval != nil { checkKeepAlive() }
  }

  /// No further calls are taken here.
  func stopTaking() {
    switch phase {
    case .opening, .open:
      phase = .draining
      subchannel.connectionStartedDraining(self)
      loop.flushAtEndOfTurn(self)
    case .draining, .failing, .closed: break
    }
  }
}
