internal import EventLoop
import Logging
internal import Primitives
import RPCCore

/// The handler of a call, from its start to its return.
extension Call {
  /// All is here that the handler needs at first: it is started behind those of the other calls that were received with
  /// this one.
  func start() {
    phase = .ready
    connection.ready.append(self)
  }

  /// Counts the call in as one that runs.
  /// - Returns: nil where it was ended before, or is one too many.
  func beginHandler() -> (Route, ServerContext)? {
    guard phase == .ready, let route, let context, admit(route) else { return nil }
    phase = .running
    connection.runningHandlers += 1
    connection.latest = self
    startedAt = loop.now
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
    connection.runningHandlers -= 1
    if let route { connection.owner.admission.end(route, startedAt) }
    task = nil
    guard phase == .running else { return }
    guard let error else {
      // Only an interceptor that never went on can leave out the one response.
      let isWhole = !outbound.isEmpty || isHeadSubmitted || route?.handler.descriptor.kind.hasSingleResponse == false
      return end(Outcome(error: isWhole ? nil : RPCError(.internal, "the handler was not called")))
    }
    let answer = RPCError(mapping: error)
    if let cause = answer.cause {
      let method = route?.description ?? ""
      connection.owner.log(
        .error, "A call failed.", kind: method,
        metadata: ["method": "\(method)", "code": "\(answer.code)", "cause": "\(cause)"])
    }
    // What a stream wrote before its error belongs to the answer; one response and an error do not go together.
    end(Outcome(error: answer), keepingMessages: route?.handler.descriptor.kind.hasSingleResponse == false)
  }
}

extension Connection {
  /// Starts the handlers of the calls that are ready, on this thread.
  ///
  /// A task costs more than a small handler, so one task runs them one after the other. When a handler suspends, the
  /// task is that handler's from then on, and the rest get another: no call ever waits for another one's.
  func startHandlers() {
    guard !ready.isEmpty else { return }
    while started < ready.count {
      let task = owner.idleTasks.popLast() ?? HandlerTask()
      task.run(self)
      if let latest, latest.phase == .running { latest.task = task.task }
      latest = nil
    }
    ready.removeAll(keepingCapacity: true)
    started = 0
  }

  func nextReady() -> Call? {
    guard started < ready.count else { return nil }
    started += 1
    return ready[started - 1]
  }
}
