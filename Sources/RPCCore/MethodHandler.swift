public import ProtoWire

/// A method and the function that handles its calls, without the types of its messages.
public struct MethodHandler: Sendable {
  /// The method.
  public let descriptor: MethodDescriptor
  package let body: @Sendable (any ServerCallChannel, ServerContext) async throws -> Void

  private init(
    _ descriptor: MethodDescriptor,
    _ body: @escaping @Sendable (any ServerCallChannel, ServerContext) async throws -> Void
  ) {
    self.descriptor = descriptor
    self.body = body
  }

  /// One message each way.
  public static func unary<Request: WireMessage, Response: WireMessage>(
    _ descriptor: MethodDescriptor,
    _ body: @escaping @Sendable (Request, ServerContext) async throws -> Response
  ) -> MethodHandler {
    MethodHandler(descriptor) { channel, context in
      let request = try channel.soleRequest(as: Request.self)
      try channel.sendSole(try await body(request, context))
    }
  }

  /// One request, any number of responses.
  public static func serverStreaming<Request: WireMessage, Response: WireMessage>(
    _ descriptor: MethodDescriptor,
    _ body: @escaping @Sendable (Request, ResponseWriter<Response>, ServerContext) async throws -> Void
  ) -> MethodHandler {
    MethodHandler(descriptor) { channel, context in
      let request = try channel.soleRequest(as: Request.self)
      try await body(request, channel.writer(), context)
    }
  }

  /// Any number of requests, one response.
  public static func clientStreaming<Request: WireMessage, Response: WireMessage>(
    _ descriptor: MethodDescriptor,
    _ body: @escaping @Sendable (RequestStream<Request>, ServerContext) async throws -> Response
  ) -> MethodHandler {
    MethodHandler(descriptor) { channel, context in
      let requests = RequestStream { try await channel.nextRequest(as: Request.self) }
      try channel.sendSole(try await body(requests, context))
    }
  }

  /// Any number of messages each way, in any order.
  public static func bidirectionalStreaming<Request: WireMessage, Response: WireMessage>(
    _ descriptor: MethodDescriptor,
    _ body: @escaping @Sendable (RequestStream<Request>, ResponseWriter<Response>, ServerContext) async throws -> Void
  ) -> MethodHandler {
    MethodHandler(descriptor) { channel, context in
      let requests = RequestStream { try await channel.nextRequest(as: Request.self) }
      try await body(requests, channel.writer(), context)
    }
  }
}

/// What a running call needs of the transport under it.
package protocol ServerCallChannel: AnyObject, Sendable {
  /// The one request of a call whose client sends one. The thread on which the call was started, before it suspends.
  func soleRequest<Request: WireMessage>(as type: Request.Type) throws -> Request
  /// The next request, nil when the client sent its last.
  func nextRequest<Request: WireMessage>(as type: Request.Type) async throws -> Request?
  /// Hands over the one response of a call that has one. The thread of the call's loop.
  func sendSole<Response: WireMessage>(_ message: Response) throws
  /// Hands a response over. Suspends while too much is waiting for the client to read.
  /// - Parameter mayCompress: false if this message goes as it is, whatever the call's compression.
  func send<Response: WireMessage>(_ message: Response, mayCompress: Bool) async throws
  /// Sends the initial metadata, if no message did so already.
  func sendInitialMetadata() async throws
}

extension ServerCallChannel {
  fileprivate func writer<Response: WireMessage>() -> ResponseWriter<Response> {
    ResponseWriter(
      sending: { try await self.send($0, mayCompress: $1) }, initialMetadata: { try await self.sendInitialMetadata() })
  }
}

/// Writes the responses of a streaming call, one after the other.
public struct ResponseWriter<Message: WireMessage>: Sendable {
  private let send: @Sendable (Message, _ mayCompress: Bool) async throws -> Void
  private let initialMetadata: @Sendable () async throws -> Void

  /// A writer that passes each message to a function: for tests, and for services that wrap others.
  /// - Parameter initialMetadata: called by `sendInitialMetadata()`.
  public init(
    _ send: @escaping @Sendable (Message) async throws -> Void,
    initialMetadata: @escaping @Sendable () async throws -> Void = {}
  ) {
    self.init(sending: { message, _ in try await send(message) }, initialMetadata: initialMetadata)
  }

  fileprivate init(
    sending send: @escaping @Sendable (Message, Bool) async throws -> Void,
    initialMetadata: @escaping @Sendable () async throws -> Void
  ) {
    self.send = send
    self.initialMetadata = initialMetadata
  }

  /// Writes a message. Suspends while the client reads more slowly than the handler writes.
  /// - Parameter compressed: false sends this message uncompressed in a call that is compressed: use it for a message
  ///   that holds a secret beside text that a stranger chose (CRIME), or that would not get smaller.
  /// - Throws: `CancellationError` once the call has ended: the client cancelled it, its deadline passed, or the
  ///   connection is lost.
  public func write(_ message: Message, compressed: Bool = true) async throws { try await send(message, compressed) }

  /// Sends the initial metadata now, rather than with the first message, so that the client learns early that the
  /// server accepted its call. Does nothing if it was sent already.
  /// - Throws: `CancellationError` once the call has ended.
  public func sendInitialMetadata() async throws { try await initialMetadata() }
}

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
