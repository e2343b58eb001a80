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

  /// Encodes a message, back to front, and puts its five bytes of prefix before it.
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
    owner.writer.prependBigEndian(UInt32(truncatingIfNeeded: length))
    owner.writer.prependByte(0)
    owner.writer.withUnsafeBytes { put($0) }
    messagesGrew()
    observation?.sent(size: length)
    speak()
  }

  /// Puts a message behind the others.
  @inline(__always)
  private func put(_ frame: UnsafeRawBufferPointer) {
    if let web, web.isText { return outbound.append(Base64.encodePadded(Array(frame))) }
    outbound.append(frame)
  }

  /// Has `submit` called at the end of the turn.
  func speak() {
    guard !isSpeaking, exchange != nil else { return }
    isSpeaking = true
    connection.wantsToSpeak(self)
  }

  /// Tells the session what there is to say. A success or error without messages is one HEADERS frame, unless there is
  /// initial metadata: in one frame nobody could tell it from trailing metadata.
  func submit(to session: HTTP2Session) {
    isSpeaking = false
    guard let exchange else { return }
    guard !isHeadSubmitted else { return session.resumeBody(exchange) }
    if let outcome, outcome.isNotGRPC {
      isHeadSubmitted = true
      let fields = ResponseFields.notGRPC(httpStatus: outcome.httpStatus, extra: outcome.extra)
      return session.respond(exchange, fields, body: outbound.isEmpty ? .none : .length(outbound.count))
    }
    isHeadSubmitted = true
    let initial = context?.call.response.withLock { response -> Metadata? in
      response.isInitialMetadataSent = true
      return response.metadata?.initial
    }
    if let web { return submit(exchange, to: session, web, initial: initial ?? [:]) }
    if let outcome, outbound.isEmpty, initial?.isEmpty != false {
      let fields = ResponseFields.trailersOnly(
        httpStatus: outcome.httpStatus, trailers: makeTrailers(), extra: outcome.extra)
      session.respond(exchange, fields, body: .none)
    } else {
      session.respond(
        exchange, ResponseFields.head(with: initial ?? [:], extra: compressionFields), body: .unknown)
    }
  }

  /// Called by `writeBody`.
  func moveResponses(into buffer: UnsafeMutableRawBufferPointer) -> (count: Int, state: HTTPExchange.BodyState) {
    let count = outbound.move(into: buffer)
    hasMoved = true
    messagesShrank()
    if outbound.count <= limits.responseHighMark / 4 { writeWaiter?.resume() }
    guard outbound.isEmpty else { return (count, .more) }
    if let outcome {
      guard web == nil, !outcome.isNotGRPC else { return (count, .end(trailers: nil)) }
      let isPlain = outcome.error == nil && trailing.isEmpty
      return (count, .end(trailers: isPlain ? ResponseFields.ok : HeaderFields(makeTrailers())))
    }
    return (count, count > 0 ? .more : .later)
  }
}
