internal import EventLoop
internal import HTTP
internal import Primitives
import ProtoWire
import RPCCore

/// The request half of a call.
extension Call {
  /// Bytes or the end of the request came.
  func requestsArrived() {
    guard machine.awaitsRequest else {
      if machine.phase == .answered { creditReceived() }
      return
    }
    do {
      perform(machine.requestArrived(try front(), isEnded: isRequestEnded))
    } catch {
      end(.error(RPCError(deframing: error, of: .request)))
    }
  }

  private func front() throws(MessageDeframer.Failure) -> CallMachine.Front {
    switch try deframer.front(isEnded: isRequestEnded) {
    case .incomplete: deframer.isEmpty ? .nothing : .part
    case .message(let length, _): deframer.hasMore(than: length) ? .messageAndMore : .message
    }
  }

  /// A message is not whole: its peer may send more, if there is memory for it.
  func awaitRest() {
    messagesGrew()
    guard countedBytes == 0 || hasMemory(isEssential: false) else { return }
    creditReceived()
  }

  /// What was received is taken: the peer may send as much again. Not where the whole answer leaves with this turn:
  /// RST_STREAM follows it, and the peer is not to go on.
  func creditReceived() {
    guard uncredited > 0, !machine.isOver || !outbound.isEmpty else { return }
    let count = uncredited
    uncredited = 0
    if let exchange, !exchange.isRemoteClosed { connection.credit(exchange, count) }
  }

  private func decodeFront<Request: WireMessage>(length: Int, isEncoded: Bool) throws -> Request {
    connection.messageArrived()
    defer { messagesShrank() }
    return try deframer.take(length: length) { bytes in
      guard requestCompression == .identity, !isEncoded else {
        return try withDecoded(bytes, isEncoded: isEncoded) { try decode($0) }
      }
      observation?.received(size: bytes.count)
      return try decode(bytes)
    }
  }

  private func decode<Request: WireMessage>(_ bytes: UnsafeRawBufferPointer) throws -> Request {
    do {
      return try Request(wireBytes: bytes)
    } catch {
      throw RPCError(.internal, "the request could not be decoded: \(PeerText.excerpt("\(error)"))")
    }
  }
}

extension Call: ServerCallChannel {
  func singleRequest<Request: WireMessage>(as type: Request.Type) throws -> Request {
    loop.assertCurrent()
    guard case .message(let length, let isEncoded) = try deframer.front(isEnded: isRequestEnded) else {
      throw RPCError(.internal, "the request was taken already")
    }
    return try decodeFront(length: length, isEncoded: isEncoded)
  }

  func nextRequest<Request: WireMessage>(as type: Request.Type) async throws -> Request? {
    while true {
      // Asked again after each wait: a task of its own may have begun to wait on this thread and go on elsewhere.
      guard loop.isCurrent else {
        return try await withTaskExecutorPreference(loop) { try await self.nextRequest(as: type) }
      }
      guard machine.phase == .running else { throw CancellationError() }
      do {
        if case .message(let length, let isEncoded) = try deframer.front(isEnded: isRequestEnded) {
          defer { creditReceived() }
          return try decodeFront(length: length, isEncoded: isEncoded) as Request
        }
      } catch let failure as MessageDeframer.Failure {
        throw RPCError(deframing: failure, of: .request)
      }
      if isRequestEnded {
        guard deframer.isEmpty else { throw RPCError(.internal, "the request ends inside a message") }
        return nil
      }
      guard !machine.isWaiting(.reader) else {
        throw RPCError(.internal, "two tasks read the requests of one call")
      }
      creditReceived()
      try await wait(.reader)
    }
  }
}
