public import ProtoWire

/// One call of a client, without the types of its messages. Generated clients return typed values instead: a response,
/// `ResponseStream`, `ClientStreamingCall` or `BidirectionalCall`. Any thread; one task at a time sends, and one
/// receives.
///
/// Where a method throws because the call has failed, it throws an `RPCError` with the call's status, whose `metadata`
/// is the trailing metadata. A task that is cancelled while it waits here cancels the call.
public protocol ClientCall: AnyObject, Sendable {
  /// Sends a request message. Suspends while too many bytes wait for the server.
  /// - Parameters:
  ///   - isLast: no other follows (half-close).
  ///   - mayCompress: false if this message goes as it is, whatever the call's compression.
  /// - Returns: false if the call has ended with OK without this message: the server did not wait for all requests.
  func send<Request: WireMessage>(_ message: Request, isLast: Bool, mayCompress: Bool) async throws -> Bool

  /// Says that no request message follows (half-close). Further calls do nothing.
  func finishRequests()

  /// The next response message; nil when the server has ended the call with OK.
  func receive<Response: WireMessage>(as type: Response.Type) async throws -> Response?

  /// Waits for the initial metadata. It is empty where the server had only a status to send.
  func initialMetadata() async throws -> Metadata

  /// Ends the call with CANCELLED, if it has not ended, and tells the server so.
  func cancel()
}

extension ClientCall {
  /// The one response of a call that has one.
  /// - Throws: also UNIMPLEMENTED where the server sent none, or a second one.
  ///   https://github.com/grpc/grpc/blob/master/doc/statuscodes.md
  func soleResponse<Response: WireMessage>(as type: Response.Type) async throws -> Response {
    guard let response = try await receive(as: type) else {
      throw RPCError(.unimplemented, "the response has no message, the method returns one")
    }
    guard try await receive(as: type) == nil else {
      cancel()
      throw RPCError(.unimplemented, "the response has more than one message, the method returns one")
    }
    return response
  }
}

/// Keeps a call as long as somebody may still ask for its messages. When nobody can, it cancels the call; this does
/// nothing if the call has ended.
final class CallHold: Sendable {
  let call: any ClientCall

  init(_ call: any ClientCall) { self.call = call }

  deinit { call.cancel() }
}
