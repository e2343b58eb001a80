internal import EventLoop
import RPCCore
internal import Synchronization

/// A task that runs handlers and is kept for others afterwards: to make and to end one costs some 4,000 instructions,
/// and the stack of its async functions some mallocs more.
// @unchecked Sendable: it belongs to its loop's thread, on which its task runs. Each `@exclusivity(unchecked)`: that
// thread reads and writes all of it, and no access calls back into another.
final class HandlerTask: @unchecked Sendable {
  /// For the call whose handler has suspended: cancelling it is the end of this task.
  @exclusivity(unchecked) private(set) var task: Task<Void, Never>?
  /// Where it runs what is ready next.
  @exclusivity(unchecked) private var connection: Connection?
  @exclusivity(unchecked) private var wake: UnsafeContinuation<Void, Never>?

  /// Runs handlers of the connection, until one suspends or none is ready.
  func run(_ connection: Connection) {
    let loop = connection.owner.loop
    loop.assertCurrent()
    self.connection = connection
    if let wake {
      self.wake = nil
      return loop.runImmediately { wake.resume() }
    }
    task = Task.immediate(executorPreference: loop) { [self] in
      while let owner = await runReady() {
        await withUnsafeContinuation { continuation in
          wake = continuation
          owner.idleTasks.append(self)
        }
      }
    }
  }

  /// Lets the task end; it must be idle.
  func end() {
    wake?.resume()
    wake = nil
  }

  /// - Returns: who keeps the task for more, or nil if it is to end.
  private nonisolated(nonsending) func runReady() async -> ServerLoop? {
    guard let connection = connection.take() else { return nil }
    let interceptors = connection.owner.core.interceptors
    // Nothing is ready any more when a handler that had suspended returns: all were started before this thread did
    // anything else. A handler may have cancelled the task: it is not for the next one then.
    while !Task.isCancelled, let call = connection.nextReady() {
      guard let (route, context) = call.beginHandler() else { continue }
      do {
        if ServedCall.isWanted.load(ordering: .relaxed) {
          // Calls that the handler makes share the deadline of this one.
          try await ServedCall.$current.withValue(context) {
            try await call.intercept(interceptors[...], route, context)
          }
        } else if interceptors.isEmpty {
          try await route.handler.body(call, context)
        } else {
          try await call.intercept(interceptors[...], route, context)
        }
        call.handlerReturned(nil)
      } catch {
        call.handlerReturned(error)
      }
    }
    return !Task.isCancelled && connection.owner.keepsTasks ? connection.owner : nil
  }
}
