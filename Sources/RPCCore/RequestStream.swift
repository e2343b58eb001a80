public import ProtoWire

/// The requests of a streaming call, in the order in which the client sent them. One task at a time may read it.
public struct RequestStream<Message: WireMessage>: AsyncSequence, Sendable {
  /// The type of the method's requests.
  public typealias Element = Message

  private let receive: @Sendable () async throws -> Message?

  /// A stream that calls a function for each message, until it returns nil: for tests, and for services that wrap
  /// others.
  public init(_ receive: @escaping @Sendable () async throws -> Message?) { self.receive = receive }

  /// Reads the stream. Use one iterator of a stream at a time.
  public struct AsyncIterator: AsyncIteratorProtocol {
    fileprivate let receive: @Sendable () async throws -> Message?

    /// Waits for the next request; nil when the client has sent its last one.
    /// - Throws: `RPCError` if the request can't be decoded or is too large, `CancellationError` if the call has ended.
    public func next() async throws -> Message? { try await receive() }
  }

  /// An iterator that continues where the last one stopped: it does not repeat requests.
  public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(receive: receive) }
}
