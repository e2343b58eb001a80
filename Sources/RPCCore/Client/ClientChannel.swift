public import ProtoWire

/// Where calls go: the `Channel` of RPCClient, or something that stands before one or in its place. Generated clients
/// need no more than this.
public protocol ClientChannel: Sendable {
  /// Begins a call. It never waits: a call that can't be made ends at once, and its methods throw why.
  ///
  /// The call belongs to the loop on whose thread this is called; elsewhere, to one of the channel's.
  func makeCall(_ method: MethodDescriptor, _ options: CallOptions) -> any ClientCall
}

/// The four kinds of calls. Generated clients call them.
extension ClientChannel {
  /// One message each way.
  /// - Throws: `RPCError` with the call's status. CANCELLED if the task is cancelled.
  public func unary<Request: WireMessage, Response: WireMessage>(
    _ method: MethodDescriptor, _ request: Request, _ options: CallOptions
  ) async throws -> Response {
    let call = makeCall(method, options)
    _ = try await call.send(request, isLast: true, mayCompress: true)
    return try await call.soleResponse(as: Response.self)
  }

  /// One request, any number of responses.
  public func serverStreaming<Request: WireMessage, Response: WireMessage>(
    _ method: MethodDescriptor, _ request: Request, _ options: CallOptions
  ) -> ResponseStream<Response> {
    ResponseStream(makeCall(method, options), request: request)
  }

  /// Any number of requests, one response.
  public func clientStreaming<Request: WireMessage, Response: WireMessage>(
    _ method: MethodDescriptor, _ options: CallOptions
  ) -> ClientStreamingCall<Request, Response> {
    ClientStreamingCall(makeCall(method, options))
  }

  /// Any number of messages each way, in any order.
  public func bidirectionalStreaming<Request: WireMessage, Response: WireMessage>(
    _ method: MethodDescriptor, _ options: CallOptions
  ) -> BidirectionalCall<Request, Response> {
    BidirectionalCall(makeCall(method, options))
  }
}
