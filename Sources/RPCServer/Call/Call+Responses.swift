internal import EventLoop
internal import HTTP
internal import Primitives
import ProtoWire
import RPCCore
import Synchronization

/// The response half of a call.
extension Call {
  func sendSole<Response: WireMessage>(_ message: Response) throws {
    loop.assertCurrent()
    try enqueue(message, mayCompress: true)
  }

  func send<Response: WireMessage>(_ message: Response, mayCompress: Bool) async throws {
    guard loop.isCurrent else {
      return try await withTaskExecutorPreference(loop) { try await self.send(message, mayCompress: mayCompress) }
    }
    try enqueue(message, mayCompress: mayCompress)
    let highMark = limits.responseHighMark
    if outbound.count > highMark {
      try await freeWaiter(&writeWaiter, "two tasks write the responses of one call").wait()
    }
  }

  func sendInitialMetadata() async throws {
    guard loop.isCurrent else {
      return try await withTaskExecutorPreference(loop) { try await self.sendInitialMetadata() }
    }
    guard phase == .running else { throw CancellationError() }
    guard !isHeadSubmitted else { return }
    // The head says how messages will be compressed, also where it goes ahead of them.
    _ = wantedCompression
    speak()
  }

  /// Encodes a message and puts it behind the others.
  private func enqueue<Response: WireMessage>(_ message: Response, mayCompress: Bool) throws {
    guard phase == .running else { throw CancellationError() }
    let owner = connection.owner
    owner.writer.removeAll()
    owner.writer.prependMessage(message)
    let length = owner.writer.count
    guard length <= limits.maximumResponseSize else {
      throw RPCError(
        .resourceExhausted, "a response message has \(length) bytes, the server sends \(limits.maximumResponseSize)")
    }
    connection.messageLeft()
    if mayCompress, let algorithm = wantedCompression, try enqueueCompressed(algorithm) {
      messagesGrew()
      return speak()
    }
    owner.writer.withUnsafeBytes { format.append($0, isCompressed: false, to: &outbound) }
    messagesGrew()
    observation?.sent(size: length)
    speak()
  }

  /// Has `submit` called at the end of the turn.
  func speak() {
    guard !isSpeaking, exchange != nil else { return }
    isSpeaking = true
    connection.wantsToSpeak(self)
  }

  /// Tells the session what there is to say. A success or error without messages is a head alone, unless there is
  /// initial metadata: in one section nobody could tell it from trailing metadata.
  func submit(to session: HTTP2Session) {
    isSpeaking = false
    guard let exchange else { return }
    guard !isHeadSubmitted else { return session.resumeBody(exchange) }
    isHeadSubmitted = true
    let initial =
      context?.call.response.withLock { response -> Metadata? in
        response.isInitialMetadataSent = true
        return response.metadata?.initial
      } ?? [:]
    if outcome != nil, outbound.isEmpty, initial.isEmpty {
      session.respond(exchange, format.headAlone(responseEnd), body: .none)
    } else {
      let isCompressing = responseCompression != nil || requestCompression != .identity
      let head = ResponseHead(
        metadata: initial, compression: responseCompression,
        acceptedCompression: isCompressing ? connection.owner.core.acceptEncoding : nil)
      session.respond(exchange, format.head(head), body: .unknown)
    }
  }

  func writeBody(into buffer: UnsafeMutableRawBufferPointer) -> (count: Int, state: HTTPExchange.BodyState) {
    let count = outbound.move(into: buffer)
    hasMoved = true
    messagesShrank()
    if outbound.count <= limits.responseHighMark / 4 { writeWaiter?.resume() }
    guard outbound.isEmpty else { return (count, .more) }
    guard let isWritten = outcome?.isWritten else { return (count, count > 0 ? .more : .later) }
    if isWritten { return (count, .end(trailers: nil)) }
    outcome?.isWritten = true
    let trailers = format.end(responseEnd, in: &outbound)
    if outbound.isEmpty { return (count, .end(trailers: trailers)) }
    // What ends the response is the last piece of its body.
    let more = outbound.move(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
    return (count + more, outbound.isEmpty ? .end(trailers: nil) : .more)
  }
}
