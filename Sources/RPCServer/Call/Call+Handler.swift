internal import EventLoop
import Logging
internal import Primitives
import RPCCore

/// The handler of a call, from its start to its return.
extension Call {
  /// Counts the call in as one that runs.
  /// - Returns: nil where it was ended before, or is one too many.
  func beginHandler() -> (Route, ServerContext)? {
    guard machine.phase == .ready, let route, let context, let slot = admit(route) else { return nil }
    if let slot = machine.begin(slot) {
      connection.giveBack(slot)
      return nil
    }
    connection.latest = self
    loop.activity = route
    return (route, context)
  }

  func intercept(
    _ interceptors: ArraySlice<any ServerInterceptor>, _ route: Route, _ context: ServerContext
  ) async throws {
    guard let first = interceptors.first else {
      // An interceptor may have gone on with another executor.
      guard loop.isCurrent else {
        return try await withTaskExecutorPreference(loop) { try await route.handler.body(self, context) }
      }
      return try await route.handler.body(self, context)
    }
    try await first.intercept(context) { try await intercept(interceptors.dropFirst(), route, context) }
  }

  func handlerReturned(_ error: (any Error)?) {
    loop.assertCurrent()
    task = nil
    let isAnswer = machine.phase == .running
    let release = machine.handlerReturned()
    guard isAnswer else { return self.release(release) }
    let hasSingleResponse = route?.handler.descriptor.kind.hasSingleResponse != false
    guard let error else {
      // Only an interceptor that never went on can leave out the one response.
      let isWhole = !outbound.isEmpty || machine.isHeadFixed || !hasSingleResponse || format.hasEmptyMessage
      let outcome = isWhole ? Outcome.success : .error(RPCError(.internal, "the handler was not called"))
      return end(outcome, keepingMessages: false, release)
    }
    let answer = RPCError(mapping: error)
    if let cause = answer.cause {
      let method = route?.description ?? ""
      connection.owner.log(
        .error, "A call failed.", kind: method,
        metadata: ["method": "\(method)", "code": "\(answer.code)", "cause": "\(cause)"])
    }
    // What a stream wrote before its error belongs to the answer; one response and an error do not go together.
    end(.error(answer), keepingMessages: !hasSingleResponse, release)
  }
}

extension Connection {
  /// Starts the handlers of the calls that are ready, on this thread.
  ///
  /// A task costs more than a small handler, so one task runs them one after the other. When a handler suspends, the
  /// task is that handler's from then on, and the rest get another: no call ever waits for another one's.
  func startHandlers() {
    guard !ready.isEmpty else { return }
    while startedCount < ready.count {
      let task = owner.idleTasks.popLast() ?? HandlerTask()
      task.run(self)
      if let latest, latest.machine.phase == .running { latest.task = task.task }
      latest = nil
    }
    ready.clear()
    startedCount = 0
  }

  func nextReady() -> Call? {
    guard startedCount < ready.count else { return nil }
    startedCount += 1
    return ready[startedCount - 1]
  }
}
