public import ProtoWire

/// A method and the function that handles its calls, without the types of its messages.
public struct MethodHandler: Sendable {
  /// The method.
  public let descriptor: MethodDescriptor
  package let body: nonisolated(nonsending) @Sendable (any ServerCallChannel, ServerContext) async throws -> Void

  private init(
    _ descriptor: MethodDescriptor,
    _ body: nonisolated(nonsending) @escaping @Sendable (any ServerCallChannel, ServerContext) async throws -> Void
  ) {
    self.descriptor = descriptor
    self.body = body
  }

  /// One message each way.
  public static func unary<Request: WireMessage, Response: WireMessage>(
    _ descriptor: MethodDescriptor,
    _ body: nonisolated(nonsending) @escaping @Sendable (Request, ServerContext) async throws -> Response
  ) -> MethodHandler {
    MethodHandler(descriptor) { channel, context in
      let request = try channel.soleRequest(as: Request.self)
      try channel.sendSole(try await body(request, context))
    }
  }

  /// One request, any number of responses.
  public static func serverStreaming<Request: WireMessage, Response: WireMessage>(
    _ descriptor: MethodDescriptor,
    _ body:
      nonisolated(nonsending) @escaping @Sendable (Request, ResponseWriter<Response>, ServerContext) async throws ->
      Void
  ) -> MethodHandler {
    MethodHandler(descriptor) { channel, context in
      let request = try channel.soleRequest(as: Request.self)
      try await body(request, channel.writer(), context)
    }
  }

  /// Any number of requests, one response.
  public static func clientStreaming<Request: WireMessage, Response: WireMessage>(
    _ descriptor: MethodDescriptor,
    _ body: nonisolated(nonsending) @escaping @Sendable (RequestStream<Request>, ServerContext) async throws -> Response
  ) -> MethodHandler {
    MethodHandler(descriptor) { channel, context in
      let requests = RequestStream { try await channel.nextRequest(as: Request.self) }
      try channel.sendSole(try await body(requests, context))
    }
  }

  /// Any number of messages each way, in any order.
  public static func bidirectionalStreaming<Request: WireMessage, Response: WireMessage>(
    _ descriptor: MethodDescriptor,
    _ body:
      nonisolated(nonsending) @escaping @Sendable (RequestStream<Request>, ResponseWriter<Response>, ServerContext)
      async throws -> Void
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
