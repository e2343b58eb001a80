internal import EventLoop
internal import Glibc
internal import HTTP
import Logging
internal import Primitives
internal import Transport

/// Connections whose clients speak HTTP/1.1, and those whose protocol is not known yet. One port serves both: on TLS
/// the protocol that ALPN chose decides, elsewhere the preface with which HTTP/2 begins (RFC 9113, section 3.4).
extension Connection {
  private static let preface: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

  /// Whether bytes should be read now. HTTP/2 has its windows for that.
  var wantsRead: Bool { if case .http1(let session) = session { session.wantsRead } else { true } }

  /// The client sends nothing more. A client of HTTP/1.1 that waits for its response still gets it.
  func inputEnded() {
    guard case .http1(let session) = session, session.receiveEnd() else { return close() }
    owner.loop.flushAtEndOfTurn(self)
  }

  // MARK: Reading

  /// The first bytes: makes the session that they are for.
  /// - Parameter count: how many bytes of the preface came before.
  func chooseSession(_ bytes: UnsafeRawBufferPointer, _ count: Int) {
    // A connection that is drained takes no first request.
    guard phase == .open else { return }
    if let security = transport.security {
      return security.applicationProtocol == "h2" ? beginHTTP2(bytes) : beginHTTP1(bytes)
    }
    let preface = UnsafeRawBufferPointer(start: Self.preface.utf8Start, count: Self.preface.utf8CodeUnitCount)
    let before = UnsafeRawBufferPointer(rebasing: preface[..<count])
    let expected = preface[count...].prefix(bytes.count)
    guard bytes.starts(with: expected) else { return beginHTTP1(bytes, after: before) }
    if count + expected.count == preface.count { return beginHTTP2(bytes, after: before) }
    session = .undetermined(preface: count + expected.count)
  }

  private func beginHTTP2(_ bytes: UnsafeRawBufferPointer, after before: UnsafeRawBufferPointer? = nil) {
    var configuration = owner.core.http2
    configuration.takesAnyAuthority = isLocal
    do throws(HTTP2Error) {
      let session = try HTTP2ServerSession(
        configuration: configuration, delegate: self, pool: owner.exchanges, now: owner.now)
      self.session = .http2(session)
      if let before, !before.isEmpty { receive(before, session) }
      receive(bytes, session)
    } catch {
      owner.log(.warning, "Setting up a connection failed.", metadata: ["error": "\(error)"])
      close()
    }
  }

  private func beginHTTP1(_ bytes: UnsafeRawBufferPointer, after before: UnsafeRawBufferPointer? = nil) {
    var configuration = owner.core.http1
    configuration.isSecure = transport.security != nil
    let session = HTTP1Session(configuration: configuration, delegate: self, pool: owner.exchanges, now: owner.now)
    self.session = .http1(session)
    if let before, !before.isEmpty { receive(before, session) }
    receive(bytes, session)
  }

  func receive(_ bytes: UnsafeRawBufferPointer, _ session: HTTP1Session) {
    guard !session.isEnding else { return }
    session.receive(bytes, now: owner.now)
    // A wrong preface of HTTP/2, that is: GOAWAY says so (RFC 9113, section 3.4).
    if session.isOtherProtocol, transport.security == nil { return beginHTTP2(bytes) }
    if let fault = session.fault {
      owner.log(.debug, "A connection broke HTTP/1.1.", metadata: ["peer": "\(peer)", "fault": "\(fault)"])
    }
    drainEvents(session)
  }

  private func drainEvents(_ session: HTTP1Session) {
    session.drainEvents()
    startHandlers()
  }

  // MARK: Writing

  func flush(_ session: HTTP1Session) {
    session.beginTurn(unixTime: Int64(time(nil)))
    for call in writing { call.submit(to: session) }
    writing.clear()
    do throws(SocketTransport.Failure) {
      guard try transport.sendRest(now: owner.now) else { return watch() }
      guard transport.isOpen else {
        lingerIfOver()
        return watch()
      }
      try send(session)
    } catch {
      return fail(error)
    }
    drainEvents(session)
    finish(session)
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

  // MARK: Time

  /// What time does to a connection that does not speak HTTP/2.
  /// - Parameter session: nil while the client has not shown which HTTP it speaks.
  func checkLife(_ session: HTTP1Session?, _ now: UInt64) {
    switch life.check(snapshot(of: session, now)) {
    case .goOn: break
    case .ping: end("the client was silent for too long")
    case .drain: drain()
    case .fail(_, let reason):
      log(reason)
      session?.timeOut()
      if let session { drainEvents(session) }
      endAfterFlush()
    case .close(let reason): end(reason)
    }
  }

  private func snapshot(of session: HTTP1Session?, _ now: UInt64) -> ConnectionLife.Snapshot {
    // HTTP/1.1 has no PING, and a client that waits for its response has nothing to send.
    ConnectionLife.Snapshot(
      now: now, lastReceived: session?.isRequestWhole == true ? now : lastReceived, hasSettings: session != nil,
      headersSince: session?.headersSince, stalledSince: transport.stalledSince, idleSince: session?.idleSince)
  }
}
