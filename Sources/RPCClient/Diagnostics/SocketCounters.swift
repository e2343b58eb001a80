internal import HTTP
internal import RPCCore

/// What a connection's calls tell it even after their streams are closed: a response may be read later. Belongs to the
/// connection's loop.
final class SocketCounters {
  @exclusivity(unchecked) var values = ConnectionCounters()
  /// Nil once the connection is closed.
  @exclusivity(unchecked) var session: HTTP2ClientSession?

  /// A message of a response is whole: the session gives back what it charged for its frames, however small they were.
  func messageArrived(now: UInt64) {
    values.messageReceived(now: now)
    session?.messageArrived()
  }
}
