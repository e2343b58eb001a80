internal import EventLoop
internal import HTTP
internal import Primitives
import ProtoWire
import RPCCore
import Synchronization

/// The response half of a call.
extension Call {
  func sendSingleResponse<Response: WireMessage>(_ message: Response) throws {
    loop.assertCurrent()
    // The head leaves with the status, which follows at once: unless an interceptor has something to say first.
    try enqueue(message, mayCompress: true)
  }

  func send<Response: WireMessage>(_ message: Response, mayCompress: Bool) async throws {
    guard loop.isCurrent else {
      return try await withTaskExecutorPreference(loop) { try await self.send(message, mayCompress: mayCompress) }
    }
    try enqueue(message, mayCompress: mayCompress)
    scheduleWrite()
    let highMark = limits.responseHighMark
    if outbound.count > highMark {
      guard !machine.isWaiting(.writer) else {
        throw RPCError(.internal, "two tasks write the responses of one call")
      }
      try await wait(.writer)
    }
  }

  func sendInitialMetadata() async throws {
    guard loop.isCurrent else {
      return try await withTaskExecutorPreference(loop) { try await self.sendInitialMetadata() }
    }
    guard machine.phase == .running else { throw CancellationError() }
    guard !machine.isHeadFixed, format.sendsHeadEarly else { return }
    // The head says how messages will be compressed, also where it goes ahead of them.
    _ = wantedCompression
    scheduleWrite()
  }

  /// Encodes a message and puts it behind the others.
  private func enqueue<Response: WireMessage>(_ message: Response, mayCompress: Bool) throws {
    guard machine.phase == .running else { throw CancellationError() }
    let owner = connection.owner
    owner.writer.removeAll()
    owner.writer.prependMessage(message)
    let length = owner.writer.count
    guard length <= limits.maximumResponseSize else {
      throw RPCError(
        .resourceExhausted, "a response message has \(length) bytes, the server sends \(limits.maximumResponseSize)")
    }
    connection.messageSent()
    if mayCompress, let algorithm = wantedCompression, try enqueueCompressed(algorithm) {
      return messagesGrew()
    }
    try owner.writer.withUnsafeBytes { try format.append($0, isCompressed: false, to: &outbound) }
    messagesGrew()
    observation?.sent(size: length)
  }

  /// Tells the session what there is to say. A success or error without messages is a head alone, unless there is
  /// initial metadata: in one section nobody could tell it from trailing metadata.
  func submit(to session: HTTP2ServerSession) {
    let flush = machine.flush()
    guard let exchange, flush != .nothing else { return }
    if flush == .body { return session.resumeBody(exchange) }
    let (head, body) = responseStart()
    session.respond(exchange, head, body: body)
  }

  @inline(__always)
  func responseStart() -> (HeaderFields, HTTPExchange.Body) {
    let metadata = context?.call.response.withLock { response -> CallState.ResponseMetadata? in
      response.isInitialMetadataSent = true
      return response.metadata
    }
    let isCompressing = responseCompression != nil || requestCompression != .identity
    let isHeadDue = metadata?.initial.isEmpty == false && format.sendsHeadEarly
    if outcome != nil, outbound.isEmpty, !isHeadDue {
      var end = unusualEnd ?? .success
      if let metadata { end.initial = metadata.initial }
      let head = format.headAlone(end, body: &outbound)
      return (head, outbound.isEmpty ? .none : .length(outbound.count))
    } else if metadata == nil, !isCompressing {
      return (format.plainHead, .unknown)
    } else {
      let head = ResponseHead(
        metadata: metadata?.initial ?? [:], trailing: outcome == nil ? [:] : metadata?.trailing ?? [:],
        compression: responseCompression,
        acceptedCompression: isCompressing ? connection.owner.core.acceptEncoding : nil)
      return (format.head(head), .unknown)
    }
  }

  func writeBody(into buffer: UnsafeMutableRawBufferPointer) -> (count: Int, state: HTTPExchange.BodyState) {
    let count = outbound.move(into: buffer)
    messagesShrank()
    perform(machine.moved(hasRoom: outbound.count <= limits.responseHighMark / 4))
    guard outbound.isEmpty else { return (count, .more) }
    switch machine.nextPiece() {
    case .later: return (count, count > 0 ? .more : .later)
    case .nothing: return (count, format.breaksOff ? .broken : .end(trailers: nil))
    case .end:
      let trailers =
        if let end = unusualEnd { format.end(end, in: &outbound) } else { format.succeed(in: &outbound) }
      if let trailers { return (count, .end(trailers: trailers)) }
      // What ends the response is the last piece of its body.
      let more = outbound.move(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
      guard format.breaksOff else { return (count + more, outbound.isEmpty ? .end(trailers: nil) : .more) }
      return (count + more, count + more > 0 ? .more : .broken)
    }
  }
}
