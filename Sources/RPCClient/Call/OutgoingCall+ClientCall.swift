internal import EventLoop
internal import ProtoWire
internal import RPCCore

/// What callers use, on any thread.
extension OutgoingCall: ClientCall {
  func send<Request: WireMessage>(_ message: Request, isLast: Bool, mayCompress: Bool) async throws -> Bool {
    guard loop.isCurrent else {
      return try await withTaskExecutorPreference(loop) {
        try await self.send(message, isLast: isLast, mayCompress: mayCompress)
      }
    }
    if Task.isCancelled { cancelled() }
    guard !machine.isOver else { return try successOfEnd() }
    guard machine.takesRequests else {
      throw RPCError(.internal, "a message was written after the requests were finished")
    }
    do throws(RPCError) {
      try enqueue(message, mayCompress: mayCompress)
    } catch {
      end(error, byServer: false)
      throw error
    }
    perform(isLast ? machine.finished() : machine.wrote())
    guard !isLast, outbound.waiting > channel.core.configuration.requestHighMark else { return true }
    guard !machine.isWaiting(.writer) else { throw RPCError(.internal, "two tasks write the requests of one call") }
    await wait(.writer)
    return loop.isCurrent && machine.isOver ? try successOfEnd() : true
  }

  func finishRequests() {
    onLoop { call in call.perform(call.machine.finished()) }
  }

  func receive<Response: WireMessage>(as type: Response.Type) async throws -> Response? {
    while true {
      // Check again after each wait: a task that does not belong to the loop may begin to wait on this thread and
      // resume on another.
      guard loop.isCurrent else {
        return try await withTaskExecutorPreference(loop) { try await self.receive(as: type) }
      }
      do {
        if let message = try takeMessage(as: type) { return message }
      } catch {
        if let error = error as? RPCError { end(error, byServer: false) }
        throw error
      }
      guard !machine.isOver else {
        if let status { throw status }
        return nil
      }
      if Task.isCancelled {
        cancelled()
        continue
      }
      guard !machine.isWaiting(.reader) else {
        throw RPCError(.internal, "two tasks read the responses of one call")
      }
      creditReceived()
      await wait(.reader)
    }
  }

  func initialMetadata() async throws -> Metadata {
    while true {
      guard loop.isCurrent else {
        return try await withTaskExecutorPreference(loop) { try await self.initialMetadata() }
      }
      if let initial { return initial }
      guard !machine.isOver else {
        if let status { throw status }
        return [:]
      }
      if Task.isCancelled {
        cancelled()
        continue
      }
      guard !machine.isWaiting(.head) else { throw RPCError(.internal, "two tasks wait for the head of one call") }
      await wait(.head)
    }
  }

  func cancel() {
    onLoop { $0.cancelled() }
  }

  // MARK: Loop thread

  private func cancelled() {
    end(RPCError(.cancelled, "the call was cancelled"), byServer: false)
    observeEnd()
  }

  private func successOfEnd() throws -> Bool {
    if let status { throw status }
    return false
  }

  private func onLoop(_ work: @escaping @Sendable (OutgoingCall) -> Void) {
    if loop.isCurrent { work(self) } else { loop.execute { work(self) } }
  }

  func perform(_ actions: ClientCallMachine.Actions) {
    guard actions.rawValue != 0 else { return }
    if actions.has(.awaitMore) { creditReceived() }
    if actions.has(.wakeReader), let reader = machine.take(.reader) { reader.resume() }
    if actions.has(.wakeWriter), let writer = machine.take(.writer) { writer.resume() }
    if actions.has(.wakeHead), let head = machine.take(.head) { head.resume() }
    if actions.has(.scheduleWrite) {
      if let connection { connection.scheduleWrite(self) } else { _ = machine.flush() }
    }
    if actions.has(.refuseSurplus) {
      end(
        RPCError(.unimplemented, "the response has more than one message, the method returns one"), byServer: false)
    }
  }

  /// Suspends the calling task until `perform` or the end of the call resumes it. The task's cancellation ends the
  /// call.
  private nonisolated(nonsending) func wait(_ place: ClientCallMachine.Place) async {
    loop.assertCurrent()
    let id = machine.nextWaitID()
    // Nothing is ever thrown into it.
    try? await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        if let refused = machine.wait(place, Waiter(continuation, id: id)) { refused.resume() }
      }
    } onCancel: {
      loop.execute { self.cancelled() }
    }
  }
}
