internal import EventLoop
internal import Glibc
internal import HTTP
import Logging
internal import Primitives
internal import Transport

/// Connections that speak HTTP/1.1, and those whose protocol is not known yet. One port serves both: on TLS the
/// protocol that ALPN chose decides, elsewhere the preface with which HTTP/2 begins (RFC 9113, section 3.4).
///
/// HTTP/2 does not come through here: `Connection` asks once a turn whether it has a session of HTTP/2.
extension Connection {
  private static let preface: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

  /// Whether bytes should be read now. HTTP/2 has its windows for that.
  var wantsRead: Bool { session != nil || http1?.wantsRead ?? !isInputEnded }

  /// The client sends nothing more. A client of HTTP/1.1 that waits for its response still gets it.
  func inputEnded() {
    guard !isInputEnded, let http1, http1.receiveEnd() else { return close() }
    isInputEnded = true
    owner.loop.flushAtEndOfTurn(self)
  }

  // MARK: Reading

  func receiveWithoutHTTP2(_ bytes: UnsafeRawBufferPointer) {
    guard let http1 else { return choose(bytes) }
    receive(bytes, http1)
  }

  private func receive(_ bytes: UnsafeRawBufferPointer, _ session: HTTP1Session) {
    guard !session.isEnding else { return }
    session.receive(bytes, now: owner.now)
    if session.isOtherProtocol, transport.security == nil {
      // A wrong preface of HTTP/2, that is: GOAWAY says so (RFC 9113, section 3.4).
      http1 = nil
      prefaceCount = 0
      return beginHTTP2(bytes)
    }
    if let fault = session.fault {
      owner.log(.debug, "A connection broke HTTP/1.1.", metadata: ["peer": "\(peer)", "fault": "\(fault)"])
    }
    drainEvents(session)
  }

  private func drainEvents(_ session: HTTP1Session) {
    session.drainEvents()
    startHandlers()
  }

  /// The first bytes: makes the session that they are for.
  private func choose(_ bytes: UnsafeRawBufferPointer) {
    // A connection that is drained takes no first request.
    guard phase == .open else { return }
    if let security = transport.security {
      return security.applicationProtocol == "h2" ? beginHTTP2(bytes) : beginHTTP1(bytes)
    }
    let preface = UnsafeRawBufferPointer(start: Self.preface.utf8Start, count: Self.preface.utf8CodeUnitCount)
    let expected = preface[prefaceCount...].prefix(bytes.count)
    guard bytes.starts(with: expected) else { return beginHTTP1(bytes) }
    if prefaceCount + expected.count == preface.count { return beginHTTP2(bytes) }
    prefaceCount += expected.count
  }

  /// The part of the preface that came before.
  private var heldPreface: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: Self.preface.utf8Start, count: prefaceCount)
  }

  private func beginHTTP2(_ bytes: UnsafeRawBufferPointer) {
    var configuration = owner.core.http2
    configuration.takesAnyAuthority = isLocal
    do throws(HTTP2Error) {
      let session = try HTTP2ServerSession(
        configuration: configuration, delegate: self, pool: owner.exchanges, now: owner.now)
      self.session = session
      if prefaceCount > 0 { receive(heldPreface, session) }
      receive(bytes, session)
    } catch {
      owner.log(.warning, "Setting up a connection failed.", metadata: ["error": "\(error)"])
      close()
    }
  }

  private func beginHTTP1(_ bytes: UnsafeRawBufferPointer) {
    var configuration = owner.core.http1
    configuration.isSecure = transport.security != nil
    let session = HTTP1Session(configuration: configuration, delegate: self, pool: owner.exchanges, now: owner.now)
    http1 = session
    if prefaceCount > 0 { receive(heldPreface, session) }
    receive(bytes, session)
  }

  // MARK: Writing

  func flushWithoutHTTP2() {
    // A connection that lingers has sent everything.
    guard phase != .lingering else { return }
    owner.now = owner.loop.now
    if phase == .draining, owner.isDraining { endOpenEndedCalls() }
    if let http1 {
      http1.beginTurn(unixTime: Int64(time(nil)))
      for call in writing { call.submit(to: http1) }
    }
    writing.clear()
    do throws(SocketTransport.Failure) {
      guard try transport.sendRest(now: owner.now) else { return watch() }
      guard transport.isOpen, let http1 else {
        if phase == .failing || phase == .draining { linger() }
        return watch()
      }
      try send(http1)
      drainEvents(http1)
      finish(http1)
    } catch {
      return fail(error)
    }
    watch()
  }

  private func send(_ session: HTTP1Session) throws(SocketTransport.Failure) {
    var isMore = true
    while isMore, transport.unsentCount == 0 {
      isMore = false
      owner.gather.removeAll()
      while let bytes = session.nextOutput() {
        owner.gather.append(bytes)
        if owner.gather.isFull {
          isMore = true
          break
        }
      }
      guard owner.gather.count > 0 else { return }
      try transport.send(owner.gather.bytes, now: owner.now)
    }
  }

  private func finish(_ session: HTTP1Session) {
    guard transport.unsentCount == 0 else { return }
    if session.wantsWrite {
      // Its share of this turn is sent.
      owner.loop.flushAtEndOfTurn(self)
    } else if session.isEnding || phase == .failing {
      linger()
    }
  }

  // MARK: Ending

  /// The response that is under way is the last one, and says so.
  func drainWithoutHTTP2() {
    phase = .draining
    http1?.drain()
    owner.loop.flushAtEndOfTurn(self)
  }

  /// Ends an exchange in its middle.
  func abort(_ exchange: HTTPExchange, _ reason: HTTPExchange.AbortReason) {
    if let session { session.abort(exchange, reason) } else { http1?.abort(exchange, reason) }
    owner.loop.flushAtEndOfTurn(self)
  }

  // MARK: Time

  /// What time does to a connection that has no session of HTTP/2.
  func checkLifeWithoutHTTP2(again period: UInt64) {
    let now = owner.loop.now
    switch life.check(snapshotWithoutHTTP2(now)) {
    case .goOn: break
    case .ping: return end("the client was silent for too long")
    case .drain: drain()
    case .fail(_, let reason):
      log(reason)
      http1?.timeOut()
      if let http1 { drainEvents(http1) }
      endAfterFlush()
    case .close(let reason): return end(reason)
    }
    endStalledCalls(now)
    lifeTimer?.schedule(after: .nanoseconds(Int64(clamping: period)))
  }

  private func snapshotWithoutHTTP2(_ now: UInt64) -> ConnectionLife.Snapshot {
    // HTTP/1.1 has no PING, and a client that waits for its response has nothing to send.
    ConnectionLife.Snapshot(
      now: now, lastReceived: http1?.isRequestWhole == true ? now : lastReceived, hasSettings: http1 != nil,
      headersSince: http1?.headersSince, stalledSince: transport.stalledSince, idleSince: http1?.idleSince)
  }

  private func end(_ reason: StaticString) {
    log(reason)
    close()
  }
}
