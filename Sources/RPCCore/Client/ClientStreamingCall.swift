public import ProtoWire

/// A call with a stream of requests and one response.
///
/// ```swift
/// let upload = users.importUsers()
/// for user in all { try await upload.requests.write(user) }
/// let summary = try await upload.response()
/// ```
///
/// A call whose response nobody has waited for is cancelled as soon as nobody refers to it.
public struct ClientStreamingCall<Request: WireMessage, Response: WireMessage>: Sendable {
  /// Writes the requests.
  public let requests: RequestWriter<Request>
  private let receive: @Sendable () async throws -> Response
  private let metadata: @Sendable () async throws -> Metadata

  /// A call without a server: for tests, and in place of a client.
  public init(
    requests: RequestWriter<Request>, initialMetadata: @escaping @Sendable () async throws -> Metadata = { [:] },
    response: @escaping @Sendable () async throws -> Response
  ) {
    self.requests = requests
    receive = response
    metadata = initialMetadata
  }

  init(_ call: any ClientCall) {
    let hold = CallHold(call)
    self.init(requests: RequestWriter(hold), initialMetadata: { try await hold.call.initialMetadata() }) {
      try await hold.call.soleResponse(as: Response.self)
    }
  }

  /// Waits for what the server sends before the response.
  /// - Throws: `RPCError` if the call ends before that.
  public func initialMetadata() async throws -> Metadata { try await metadata() }

  /// Ends the requests, and waits for the response. Once.
  /// - Throws: `RPCError` with the call's status, CANCELLED if this task is cancelled.
  public func response() async throws -> Response {
    requests.finish()
    return try await receive()
  }
}
