internal import EventLoop
import RPCCore

/// What the machine returns, done; and the waits whose ends it decides.
extension Call {
  func perform(_ actions: CallMachine.Actions) {
    // Most events of most calls ask for nothing.
    guard actions.rawValue != 0 else { return }
    // Behind those of the other calls that were received with this one.
    if actions.has(.startHandler) { connection.ready.append(self) }
    if actions.has(.awaitMore) { awaitRest() }
    if actions.has(.wakeReader), let reader = machine.take(.reader) { reader.resume() }
    if actions.has(.wakeWriter), let writer = machine.take(.writer) { writer.resume() }
    if actions.has(.scheduleWrite) { connection.scheduleWrite(self) }
    if actions.has(.refuseMissing) {
      end(.error(RPCError(.unimplemented, "the request has no message, the method takes one")))
    }
    if actions.has(.refuseCut) { end(.error(RPCError(.internal, "the request ends inside a message"))) }
    if actions.has(.refuseSurplus) {
      end(.error(RPCError(.unimplemented, "the request has more than one message, the method takes one")))
    }
  }

  /// Has `submit` called at the end of the turn.
  func scheduleWrite() {
    if machine.wrote().rawValue != 0 { connection.scheduleWrite(self) }
  }

  /// Suspends the calling task until `perform` or the end of the call resumes it. Loop thread.
  /// - Throws: `CancellationError` when the call ends or the task is cancelled.
  nonisolated(nonsending) func wait(_ place: CallMachine.Place) async throws {
    loop.assertCurrent()
    let id = machine.nextWaitID()
    try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation in
        if let refused = machine.wait(place, Waiter(continuation, id: id)) {
          refused.resume(throwing: CancellationError())
        }
      }
    } onCancel: {
      loop.execute { [self] in
        if let waiter = machine.take(place, id: id) { waiter.resume(throwing: CancellationError()) }
      }
    }
  }
}
