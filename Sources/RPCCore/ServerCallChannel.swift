package import ProtoWire

/// What a running call needs of the transport under it.
package protocol ServerCallChannel: AnyObject, Sendable {
  /// The one request of a call whose client sends one. The thread on which the call was started, before it suspends.
  func singleRequest<Request: WireMessage>(as type: Request.Type) throws -> Request
  /// The next request, nil when the client sent its last.
  func nextRequest<Request: WireMessage>(as type: Request.Type) async throws -> Request?
  /// Hands over the one response of a call that has one. The thread of the call's loop.
  func sendSingleResponse<Response: WireMessage>(_ message: Response) throws
  /// Hands a response over. Suspends while too much is waiting for the client to read.
  /// - Parameter mayCompress: false if this message goes as it is, whatever the call's compression.
  func send<Response: WireMessage>(_ message: Response, mayCompress: Bool) async throws
  /// Sends the initial metadata, if no message did so already.
  func sendInitialMetadata() async throws
}

extension ServerCallChannel {
  func writer<Response: WireMessage>() -> ResponseWriter<Response> {
    ResponseWriter(
      sending: { try await self.send($0, mayCompress: $1) }, initialMetadata: { try await self.sendInitialMetadata() })
  }
}
