internal import Synchronization

/// What a server sent beside its messages, and how often the call was tried. Pass one with the options of a call, and
/// read it when the call has ended, or at any time before. Any thread.
///
/// ```swift
/// let record = CallRecord()
/// let user = try await users.getUser(request, options: .with { $0.record = record })
/// let etag = record.initialMetadata?.text("etag")
/// ```
public final class CallRecord: Sendable {
  private struct State {
    var initialMetadata: Metadata?
    var trailingMetadata: Metadata?
    var status: StatusCode?
    var peer: String?
    var attempts = 0
    var isResponseCompressed = false
  }

  private let state = Mutex(State())

  /// A record of nothing yet.
  public init() {}

  /// What came before the first message; nil if nothing has come so far, or the server had only a status to send.
  public var initialMetadata: Metadata? { state.withLock { $0.initialMetadata } }
  /// What came with the status; nil before the call has ended, or if something other than the server ended it.
  public var trailingMetadata: Metadata? { state.withLock { $0.trailingMetadata } }
  /// How the call ended; nil before that.
  public var status: StatusCode? { state.withLock { $0.status } }
  /// The address of the server that the latest attempt went to: "10.0.0.7:50051"; nil before one was sent.
  public var peer: String? { state.withLock { $0.peer } }
  /// How often the call was sent: more than once where it was tried again.
  public var attempts: Int { state.withLock { $0.attempts } }
  /// Whether the latest response message came compressed.
  public var isResponseCompressed: Bool { state.withLock { $0.isResponseCompressed } }

  /// The call is sent, to this server. Forgets what came in an earlier attempt.
  public func began(peer: String) {
    state.withLock { state in
      state = State(peer: peer, attempts: state.attempts + 1)
    }
  }

  /// The response's head came.
  public func received(initialMetadata: Metadata) { state.withLock { $0.initialMetadata = initialMetadata } }

  /// A response message came.
  public func receivedMessage(isCompressed: Bool) { state.withLock { $0.isResponseCompressed = isCompressed } }

  /// The call has ended.
  public func ended(_ status: StatusCode, trailingMetadata: Metadata?) {
    state.withLock { state in
      state.status = status
      state.trailingMetadata = trailingMetadata
    }
  }
}
