/// The events of a file descriptor that epoll reports, or that the caller wants it to report.
public struct Readiness: OptionSet, Sendable {
  /// epoll's bits (EPOLLIN, EPOLLOUT, …).
  public let rawValue: UInt32

  /// Makes a set from epoll's bits.
  @inlinable
  public init(rawValue: UInt32) { self.rawValue = rawValue }

  /// There are bytes to read, a connection to accept, or the end of the stream.
  public static let readable = Readiness(rawValue: 0x001)
  /// Bytes can be written.
  public static let writable = Readiness(rawValue: 0x004)
  /// An error is pending (SO_ERROR). epoll always reports it.
  public static let error = Readiness(rawValue: 0x008)
  /// Both directions are closed. epoll always reports it.
  public static let hangup = Readiness(rawValue: 0x010)
}

/// Handles the readiness of a registered file descriptor. Level-triggered: the loop calls it in each turn in which the
/// descriptor is still ready.
public protocol ReadinessHandler: AnyObject {
  /// Called on the loop's thread, in phase 3 of its turn.
  func ready(_ readiness: Readiness)
}
