internal import Compression
internal import EventLoop
internal import HTTP
internal import ProtoWire
internal import RPCCore

/// The response half of a call.
extension OutgoingCall {
  /// The response's head is there.
  func headCame(_ exchange: HTTPExchange) {
    guard !exchange.head.isOverLimit else {
      return end(
        RPCError(.resourceExhausted, "the response's header section is larger than the client takes"), byServer: false)
    }
    let fields = ResponseFields(exchange.head)
    head = fields
    if isTrailersOnly(exchange), exchange.isRemoteClosed { return end(with: fields) }
    let http = exchange.head.status ?? 0
    guard http == 200 else {
      let code = StatusCode(httpStatus: http)
      if retryIfAllowed(code, pushback: fields.pushback) { return }
      return end(
        RPCError(code, "the server answered with HTTP status \(http)", metadata: fields.metadata), byServer: false)
    }
    guard channel.core.configuration.protocol.accepts(fields.contentType) else {
      let type = fields.contentType.isEmpty ? "no content-type" : PeerText.excerpt(fields.contentType)
      return end(
        RPCError(.unknown, "the response is not gRPC: \(type)", metadata: fields.metadata), byServer: false)
    }
    // The call is committed to this server now.
    outbound.commit()
    initial = fields.metadata
    record?.received(initialMetadata: fields.metadata)
    hedged?.responded(self)
    perform(machine.responded())
  }

  /// Whether the head has the status, and is all there is: neither body nor trailers have come.
  private func isTrailersOnly(_ exchange: HTTPExchange) -> Bool {
    head?.statusText != nil && !hasBody && exchange.trailers == nil
  }

  /// Bytes of messages came.
  func responsesArrived() {
    if let failure = web?.failure { return end(failure, byServer: false) }
    do throws(MessageDeframer.Failure) {
      let front: CallMachine.Front =
        switch try deframer.front(isEnded: false) {
        case .incomplete: deframer.isEmpty ? .nothing : .part
        case .message(let length, _): deframer.hasMore(than: length) ? .messageAndMore : .message
        }
      perform(machine.responseArrived(front))
      // Trailers of gRPC-Web need window too, even if a message that is not yet read has filled it.
      if web != nil, plan.hasSingleResponse { creditReceived() }
    } catch {
      end(RPCError(deframing: error, of: .response), byServer: false)
    }
  }

  /// Nothing more comes.
  func responseEnded(_ exchange: HTTPExchange) {
    if let web {
      guard !endsWithTrailers(web) else { return }
    } else if let trailers = exchange.trailers {
      guard !trailers.isOverLimit else {
        return end(RPCError(.resourceExhausted, "the trailers are larger than the client takes"), byServer: true)
      }
      return end(withTrailers: ResponseFields(trailers))
    }
    if let head, isTrailersOnly(exchange) { return end(with: head) }
    end(RPCError(.internal, "the response ended without a status"), byServer: true)
  }

  /// The body of a gRPC-Web response ends.
  /// - Returns: false: it has no trailers.
  private func endsWithTrailers(_ web: GRPCWebBody) -> Bool {
    guard let trailers = web.trailers else { return false }
    let limit = channel.core.configuration.headerLimit
    let fields: Result<ResponseFields, any Error> = trailers.content.withUnsafeBytes { content in
      Result {
        guard trailers.isCompressed else { return try ResponseFields(webTrailers: content, limit: limit) }
        return try decompressed(content, limit: limit) { try ResponseFields(webTrailers: $0, limit: limit) }
      }
    }
    do {
      end(withTrailers: try fields.get())
    } catch {
      end(error as? RPCError ?? RPCError(.internal, "the trailers can't be read"), byServer: true)
    }
    return true
  }

  private func end(withTrailers fields: ResponseFields) {
    guard fields.statusText != nil else {
      return end(
        RPCError(.unknown, "the response has no grpc-status", metadata: fields.metadata), byServer: true,
        trailingMetadata: fields.metadata)
    }
    end(with: fields)
  }

  private func end(with fields: ResponseFields) {
    if let connection { channel.trailersCame(fields.metadata, from: connection.subchannel) }
    var error = fields.status()
    if error == nil {
      do throws(MessageDeframer.Failure) {
        if try !endsWhole() { error = RPCError(.internal, "the response ends inside a message") }
      } catch let failure {
        error = RPCError(deframing: failure, of: .response)
      }
    }
    if let error, retryIfAllowed(error.code, pushback: fields.pushback) { return }
    end(error, byServer: true, trailingMetadata: fields.metadata)
  }

  /// Whether no part of a message is left at the end of the first. What is behind it, its reader finds.
  private func endsWhole() throws(MessageDeframer.Failure) -> Bool {
    if deframer.isEmpty { return true }
    if case .message = try deframer.front(isEnded: true) { return true }
    return false
  }

  /// Credits the received bytes, which have been taken: the server may send as many again.
  func creditReceived() {
    guard uncredited > 0 else { return }
    let count = uncredited
    uncredited = 0
    if let exchange, !exchange.isRemoteClosed { connection?.credit(exchange, count) }
  }

  /// The next message, if it is there and may be read.
  func takeMessage<Response: WireMessage>(as type: Response.Type) throws -> Response? {
    guard machine.isOver || machine.phase == .responding && !plan.hasSingleResponse else { return nil }
    guard case .message(let length, let isCompressed) = try front() else { return nil }
    defer {
      creditReceived()
      if deframer.isEmpty { observeEnd() }
    }
    counters?.messageArrived(now: loop.now)
    record?.receivedMessage(isCompressed: isCompressed)
    return try deframer.take(length: length) { bytes in
      guard isCompressed else {
        observation?.received(size: bytes.count)
        return try Self.decode(bytes)
      }
      return try decompressed(bytes) { plain in
        observation?.received(size: plain.count, compressedSize: bytes.count)
        return try Self.decode(plain)
      }
    }
  }

  private func front() throws -> MessageDeframer.Front {
    do throws(MessageDeframer.Failure) {
      let front = try deframer.front(isEnded: machine.isOver)
      guard machine.isOver, front == .incomplete, !deframer.isEmpty, status == nil else { return front }
    } catch {
      throw RPCError(deframing: error, of: .response)
    }
    throw RPCError(.internal, "the response ends inside a message")
  }

  private static func decode<Response: WireMessage>(_ bytes: UnsafeRawBufferPointer) throws -> Response {
    do {
      return try Response(wireBytes: bytes)
    } catch {
      throw RPCError(.internal, "the response could not be decoded: \(PeerText.excerpt("\(error)"))")
    }
  }

  private func decompressed<R>(
    _ message: UnsafeRawBufferPointer, limit: Int? = nil, _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws -> R {
    guard let name = head?.encoding else {
      throw RPCError(.internal, "a message is compressed, but grpc-encoding does not say how")
    }
    guard let algorithm = CompressionAlgorithm.allCases.first(where: { $0.name == name }),
      channel.core.configuration.acceptedCompression.contains(algorithm)
    else {
      throw RPCError(.internal, "grpc-encoding \(PeerText.excerpt(name)) was not offered to the server")
    }
    do {
      return try channel.shared.codec.withDecompressed(
        message, algorithm, limit: limit ?? plan.maximumResponseSize, body)
    } catch let error as CompressionError {
      throw RPCError(decompressing: error, algorithm, of: .response)
    }
  }
}
