internal import Compression
internal import EventLoop
internal import HTTP
internal import ProtoWire
internal import RPCCore

/// The request half of a call.
extension OutgoingCall {
  /// Encodes a message and puts it behind the others.
  func enqueue<Request: WireMessage>(_ message: Request, mayCompress: Bool) throws(RPCError) {
    let shared = channel.shared
    shared.writer.removeAll()
    shared.writer.prependMessage(message)
    let length = shared.writer.count
    guard length <= plan.maximumRequestSize else {
      throw RPCError(
        .resourceExhausted, "a request message has \(length) bytes, the client sends \(plan.maximumRequestSize)")
    }
    written &+= 1
    if connection != nil { counters?.values.messageSent(now: loop.now) }
    if mayCompress, let algorithm = plan.compression, enqueueCompressed(algorithm) { return }
    shared.writer.withUnsafeBytes { outbound.append($0, isCompressed: false) }
    observation?.sent(size: length)
  }

  /// Puts what the loop's writer holds into the output, compressed; false if there is no memory for that. It compresses
  /// the message even if that does not make it smaller: the caller has asked for compression.
  private func enqueueCompressed(_ algorithm: CompressionAlgorithm) -> Bool {
    let shared = channel.shared
    let isDone: Void? = try? shared.writer.withUnsafeBytes { message in
      try shared.codec.withCompressed(message, algorithm) {
        outbound.append($0, isCompressed: true)
        observation?.sent(size: message.count, compressedSize: $0.count)
      }
    }
    return isDone != nil
  }

  /// Tells the session that there is more to send.
  func submit(to session: HTTP2ClientSession) {
    guard machine.flush(), let exchange else { return }
    session.resumeBody(exchange)
  }

  func writeBody(into buffer: UnsafeMutableRawBufferPointer) -> (count: Int, state: HTTPExchange.BodyState) {
    let count = outbound.move(into: buffer)
    perform(machine.moved(hasRoom: outbound.waiting <= channel.core.configuration.requestHighMark / 4))
    guard outbound.waiting == 0 else { return (count, .more) }
    switch machine.nextPiece() {
    case .later: return (count, count > 0 ? .more : .later)
    case .end: return (count, .end(trailers: nil))
    }
  }
}
