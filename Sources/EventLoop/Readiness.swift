import CLinux

/// What epoll says of a file descriptor, and what one asks it to say.
public struct Readiness: OptionSet, Sendable {
  /// The bits as epoll has them (EPOLLIN, EPOLLOUT, …).
  public let rawValue: UInt32

  /// Readiness of epoll's bits.
  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// Bytes, a connection or an end of file can be read.
  public static let readable = Readiness(rawValue: 0x001)
  /// Bytes can be written.
  public static let writable = Readiness(rawValue: 0x004)
  /// An error is pending (SO_ERROR). Reported whether asked for or not.
  public static let error = Readiness(rawValue: 0x008)
  /// Both directions are closed. Reported whether asked for or not.
  public static let hangup = Readiness(rawValue: 0x010)
}

/// Told when a registered file descriptor becomes ready. Level-triggered: told again each turn until what is ready was
/// taken.
public protocol ReadinessHandler: AnyObject {
  /// Called on the loop's thread, in phase 3 of its turn.
  func ready(_ readiness: Readiness)
}

/// Something that collects output during a turn and writes it once, at the turn's end.
public protocol TurnFlushable: AnyObject {
  /// Owned by the loop: true from `flushAtEndOfTurn` until `flushTurn` is called.
  var isFlushScheduled: Bool { get set }
  /// Called on the loop's thread, in phase 5 of its turn.
  func flushTurn()
}

/// A file descriptor's registration with a loop. Belongs to the loop's thread.
///
/// It holds its handler strongly until `cancel()`: whoever registers must cancel, and does so before closing the
/// descriptor.
public final class IOSource {
  let fd: Int32
  private unowned let loop: EventLoop
  private(set) var handler: (any ReadinessHandler)?
  /// What epoll watches for now. Read it on the loop's thread.
  public private(set) var interest: Readiness

  init(fd: Int32, loop: EventLoop, interest: Readiness, handler: any ReadinessHandler) {
    self.fd = fd
    self.loop = loop
    self.interest = interest
    self.handler = handler
  }

  /// Changes what is asked for; nothing happens where it is the same. After `cancel()` it is ignored.
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
