public import ProtoWire

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

  init(
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
