/// A file descriptor's registration with a loop. Belongs to the loop's thread.
///
/// It holds its handler strongly until `cancel()`. The code that registers a descriptor must cancel the registration
/// before it closes the descriptor.
public final class IOSource {
  let fd: Int32
  private unowned let loop: EventLoop
  private(set) var handler: (any ReadinessHandler)?
  /// The events that epoll watches for. Loop thread only.
  public private(set) var interest: Readiness

  init(fd: Int32, loop: EventLoop, interest: Readiness, handler: any ReadinessHandler) {
    self.fd = fd
    self.loop = loop
    self.interest = interest
    self.handler = handler
  }

  /// Changes the events that epoll watches for. Does nothing if they are the same, or after `cancel()`.
  /// - Throws: the error of epoll_ctl(2).
  public func setInterest(_ newInterest: Readiness) throws(EventLoopError) {
    guard handler != nil, newInterest != interest else { return }
    try loop.modify(self, newInterest)
    interest = newInterest
  }

  /// Ends the registration and drops the handler. Safe to call twice, and from inside `ready`.
  public func cancel() {
    guard handler != nil else { return }
    handler = nil
    loop.deregister(self)
  }
}
