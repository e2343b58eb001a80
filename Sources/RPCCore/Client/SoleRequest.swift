internal import ProtoWire
internal import Synchronization

/// The one request of a call whose responses are a stream: sent when the caller first asks for a response.
final class SoleRequest<Request: WireMessage>: Sendable {
  private let request: Mutex<Request?>

  init(_ request: Request) { self.request = Mutex(request) }

  func send(to call: any ClientCall) async throws {
    let request = request.withLock { request in
      defer { request = nil }
      return request
    }
    if let request { _ = try await call.send(request, isLast: true, mayCompress: true) }
  }
}

/// Gives out messages one by one, and an error after the last one.
final class MessageList<Message: WireMessage>: Sendable {
  private let rest: Mutex<ArraySlice<Message>>
  private let error: RPCError?

  init(_ messages: [Message], error: RPCError?) {
    rest = Mutex(messages[...])
    self.error = error
  }

  func next() throws -> Message? {
    if let message = rest.withLock({ $0.popFirst() }) { return message }
    if let error { throw error }
    return nil
  }
}
