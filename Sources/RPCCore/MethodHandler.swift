public import ProtoWire

/// A method and the function that handles its calls, without the types of its messages.
public struct MethodHandler: Sendable {
  /// The method.
  public let descriptor: MethodDescriptor
  package let body: nonisolated(nonsending) @Sendable (any ServerCallChannel, ServerContext) async throws -> Void

  package init(
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
      let request = try channel.singleRequest(as: Request.self)
      try channel.sendSingleResponse(try await body(request, context))
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
      let request = try channel.singleRequest(as: Request.self)
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
      try channel.sendSingleResponse(try await body(requests, context))
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
