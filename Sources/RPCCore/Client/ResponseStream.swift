public import ProtoWire

/// The responses of a call that has a stream of them, in the order in which the server sent them. One task at a time
/// may read it.
///
/// ```swift
/// for try await user in users.exportUsers(request) { … }
/// ```
///
/// The server sends no faster than they are read. A loop that is left early cancels the call, as soon as nobody refers
/// to the stream or to an iterator of it; so does the cancellation of the task that waits for a response.
public struct ResponseStream<Message: WireMessage>: AsyncSequence, Sendable {
  /// The type of the method's responses.
  public typealias Element = Message

  private let receive: @Sendable () async throws -> Message?
  private let metadata: @Sendable () async throws -> Metadata

  /// A stream that calls a function for each message, until it returns nil: for tests, and in place of a client.
  public init(
    initialMetadata: @escaping @Sendable () async throws -> Metadata = { [:] },
    _ receive: @escaping @Sendable () async throws -> Message?
  ) {
    self.receive = receive
    metadata = initialMetadata
  }

  /// A stream of messages that are known: for tests, and in place of a client.
  /// - Parameter error: thrown after the last message; nil: the call ends with OK.
  public init(_ messages: [Message], error: RPCError? = nil) {
    let rest = MessageList(messages, error: error)
    self.init { try rest.next() }
  }

  init(_ hold: CallHold) {
    self.init(initialMetadata: { try await hold.call.initialMetadata() }) {
      try await hold.call.receive(as: Message.self)
    }
  }

  init<Request: WireMessage>(_ call: any ClientCall, request: Request) {
    let hold = CallHold(call)
    let sending = SoleRequest(request)
    self.init(
      initialMetadata: {
        try await sending.send(to: hold.call)
        return try await hold.call.initialMetadata()
      },
      {
        try await sending.send(to: hold.call)
        return try await hold.call.receive(as: Message.self)
      })
  }

  /// Waits for what the server sends before the first message.
  /// - Throws: `RPCError` if the call ends before that.
  public func initialMetadata() async throws -> Metadata { try await metadata() }

  /// Reads the stream. Use one iterator of a stream at a time.
  public struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate let receive: @Sendable () async throws -> Message?

    /// Waits for the next response; nil when the server has ended the call with OK.
    /// - Throws: `RPCError` if the call ends with another status, CANCELLED if this task is cancelled.
    public func next() async throws -> Message? { try await receive() }
  }

  /// An iterator that continues where the last one stopped: it does not repeat responses.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(receive: receive) }
}
