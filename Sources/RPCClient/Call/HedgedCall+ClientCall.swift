internal import EventLoop
internal import ProtoWire
internal import RPCCore

/// What callers use, on any thread.
extension HedgedCall: ClientCall {
  func send<Request: WireMessage>(_ message: Request, isLast: Bool, mayCompress: Bool) async throws -> Bool {
    guard loop.isCurrent else {
      return try await withTaskExecutorPreference(loop) {
        try await self.send(message, isLast: isLast, mayCompress: mayCompress)
      }
    }
    if Task.isCancelled { cancelled() }
    if let winner { return try await winner.send(message, isLast: isLast, mayCompress: mayCompress) }
    try write(message.wireBytes(), mayCompress: mayCompress, isLast: isLast)
    return true
  }

  func finishRequests() { onLoop { $0.finish() } }

  func receive<Response: WireMessage>(as type: Response.Type) async throws -> Response? {
    guard loop.isCurrent else {
      return try await withTaskExecutorPreference(loop) { try await self.receive(as: type) }
    }
    return try await decidedWinner().receive(as: type)
  }

  func initialMetadata() async throws -> Metadata {
    guard loop.isCurrent else {
      return try await withTaskExecutorPreference(loop) { try await self.initialMetadata() }
    }
    return try await decidedWinner().initialMetadata()
  }

  func cancel() { onLoop { $0.cancelled() } }

  private nonisolated(nonsending) func decidedWinner() async throws -> OutgoingCall {
    if Task.isCancelled { cancelled() }
    await decided()
    // A call without a winner has ended before it began.
    guard let winner else { throw RPCError(.cancelled, "the call was cancelled") }
    return winner
  }

  private func onLoop(_ work: @escaping @Sendable (HedgedCall) -> Void) {
    if loop.isCurrent { work(self) } else { loop.execute { work(self) } }
  }
}
