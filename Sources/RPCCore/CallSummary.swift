/// How a call ended.
public struct CallSummary: Sendable, Hashable {
  /// Totals of the messages of one direction.
  public struct Messages: Sendable, Hashable {
    /// How many messages.
    public package(set) var count = 0
    /// Bytes on the wire, without gRPC's message prefixes and HTTP/2's framing.
    public package(set) var wireSize = 0

    package init() {}
  }

  /// The status that the server sent; CANCELLED if the client or the connection was gone before. On a client, the
  /// status with which the call ended.
  public let status: StatusCode
  /// The time from the request's head to the status; on a client, from when the call was made until its status and all
  /// that came of the response were read.
  public let duration: Duration
  /// The request messages that the handler received; on a client, the response messages.
  public let received: Messages
  /// The response messages that the handler wrote; on a client, the request messages, each once however often it was
  /// sent.
  public let sent: Messages

  package init(status: StatusCode, duration: Duration, received: Messages, sent: Messages) {
    self.status = status
    self.duration = duration
    self.received = received
    self.sent = sent
  }
}
