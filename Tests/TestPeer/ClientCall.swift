public import ProtoWire

/// A call of a `TestClient`.
public final class ClientCall {
  private let client: TestClient
  private let stream: ClientStream

  init(client: TestClient, _ stream: ClientStream) {
    self.client = client
    self.stream = stream
  }

  /// Sends a message; waits for the server's window if it is shut.
  public func send(_ message: some WireMessage, end: Bool = false) async throws {
    try await send(bytes: message.wireBytes(), end: end)
  }

  /// Sends bytes as a message, well-formed or not; waits for the server's window if it is shut.
  public func send(bytes: [UInt8], end: Bool = false) async throws { try await send(body: grpcFrame(bytes), end: end) }

  /// Sends bytes of the body, of a message or not; waits for the server's window if it is shut.
  public func send(body: [UInt8], end: Bool = false) async throws {
    try await TestLoop.run {
      stream.send(body, end: end)
      try client.flush()
      // Whoever is over takes no more: the answer says why.
      while !stream.isSent, !stream.isOver { try await client.pump() }
    }
  }

  /// Says that no more messages come.
  public func end() async throws { try await send(body: [], end: true) }

  /// Gives the call up: RST_STREAM(CANCEL).
  public func cancel() async throws {
    try await TestLoop.run {
      stream.cancel()
      try client.flush()
    }
  }

  /// Waits for the next message; nil when the call is over.
  public func next() async throws -> [UInt8]? {
    try await TestLoop.run {
      while true {
        if let message = stream.takeMessage() { return message }
        if stream.isOver { return nil }
        try await client.pump()
      }
    }
  }

  /// Waits for the next message, and decodes it; nil when the call is over.
  public func next<Message: WireMessage>(as type: Message.Type) async throws -> Message? {
    try await next().map { try Message(wireBytes: $0) }
  }

  /// Waits for the response's header section.
  public func headers() async throws -> [HeaderField] {
    try await TestLoop.run {
      while stream.reply.headers.isEmpty, !stream.isOver { try await client.pump() }
      return stream.reply.headers
    }
  }

  /// Waits for the end of the call. The messages are those that `next` has not given.
  public func finish() async throws -> Reply {
    var messages: [[UInt8]] = []
    while let message = try await next() { messages.append(message) }
    var reply = stream.reply
    reply.messages = messages
    return reply
  }
}
