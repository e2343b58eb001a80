internal import EventLoop
internal import HTTP
internal import Primitives
internal import Transport

/// What leaves with the end of a turn.
extension ClientConnection {
  func flushTurn() {
    loop.assertCurrent()
    if case .closed = phase { return }
    guard let session else { return }
    session.now = loop.now
    for call in writing { call.submit(to: session) }
    writing.clear()
    do throws(SocketTransport.Failure) {
      guard try transport.sendRest(now: loop.now) else { return watch() }
      if transport.isOpen { try send(session) }
    } catch {
      return broken(error)
    }
    session.drainEvents()
    watch()
    finishIfDone(session)
  }

  private func send(_ session: HTTP2ClientSession) throws(SocketTransport.Failure) {
    var isMore = true
    while isMore, transport.unsentCount == 0 {
      isMore = false
      shared.gather.removeAll()
      do throws(HTTP2Error) {
        while let bytes = try session.nextOutput() {
          shared.gather.append(bytes)
          if shared.gather.isFull {
            isMore = true
            break
          }
        }
      } catch {
        return close("out of memory for HTTP/2: \(error)")
      }
      guard shared.gather.count > 0 else { break }
      try transport.send(shared.gather.bytes, now: loop.now)
    }
    for call in unsent { call.hasLeft = true }
    unsent.removeAll(keepingCapacity: true)
  }

  private func watch() {
    if case .closed = phase { return }
    do throws(EventLoopError) {
      try source?.setInterest(transport.unsentCount > 0 ? [.readable, .writable] : .readable)
    } catch {
      close("\(error)")
    }
  }
}
