internal import EventLoop

/// A place where one task of a call waits: for the next request, or for room to write.
///
/// The wait ends with `resume`, with the call, or when the task that waits is cancelled: exactly once.
// @unchecked Sendable: belongs to `loop`'s thread; a cancellation, which comes from anywhere, goes there first.
final class CallWaiter: @unchecked Sendable {
  private let loop: EventLoop
  private var continuation: UnsafeContinuation<Void, any Error>?
  /// Tells a late cancellation from the wait that it was meant for.
  private var turn = 0

  init(on loop: EventLoop) { self.loop = loop }

  var isTaken: Bool { continuation != nil }

  /// Suspends the caller. Loop thread; the place must be free.
  nonisolated(nonsending) func wait() async throws {
    turn &+= 1
    let mine = turn
    try await withTaskCancellationHandler {
      try await withUnsafeThrowingContinuation { continuation = $0 }
    } onCancel: {
      loop.execute { [self] in
        if turn == mine { resume(throwing: CancellationError()) }
      }
    }
  }

  /// Nothing happens where nobody waits.
  func resume() {
    let waiting = continuation
    continuation = nil
    waiting?.resume()
  }

  func resume(throwing error: any Error) {
    let waiting = continuation
    continuation = nil
    waiting?.resume(throwing: error)
  }
}
