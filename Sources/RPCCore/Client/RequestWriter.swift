public import ProtoWire

/// Writes the requests of a call that has a stream of them, one after the other. One task at a time may write.
public struct RequestWriter<Message: WireMessage>: Sendable {
  private let send: @Sendable (Message, _ mayCompress: Bool) async throws -> Bool
  private let finishing: @Sendable () -> Void

  /// A writer that passes each message to a function: for tests, and in place of a client.
  /// - Parameters:
  ///   - send: returns whether the call takes more.
  ///   - finish: called by `finish()`.
  public init(
    _ send: @escaping @Sendable (Message) async throws -> Bool, finish: @escaping @Sendable () -> Void = {}
  ) {
    self.send = { message, _ in try await send(message) }
    finishing = finish
  }

  init(_ hold: CallHold) {
    send = { try await hold.call.send($0, isLast: false, mayCompress: $1) }
    finishing = { hold.call.finishRequests() }
  }

  /// Writes a message. Suspends while the server reads more slowly than the client writes.
  /// - Parameter compressed: false sends this message uncompressed in a call that is compressed.
  /// - Returns: false if the call has ended well: the server did not wait for all requests, and gets no more of them.
  /// - Throws: `RPCError` if the call has ended with another status than OK, CANCELLED if this task is cancelled.
  @discardableResult
  public func write(_ message: Message, compressed: Bool = true) async throws -> Bool {
    try await send(message, compressed)
  }

  /// Says that no request follows (half-close). Further calls do nothing.
  public func finish() { finishing() }
}
