/// A task that waits, to be resumed exactly once.
package struct Waiter: ~Copyable {
  private let continuation: UnsafeContinuation<Void, any Error>
  /// Tells it from other waits of its call.
  package let id: UInt64

  package init(_ continuation: UnsafeContinuation<Void, any Error>, id: UInt64) {
    self.continuation = continuation
    self.id = id
  }

  package consuming func resume() {
    continuation.resume()
    discard self
  }

  package consuming func resume(throwing error: any Error) {
    continuation.resume(throwing: error)
    discard self
  }

  deinit { assertionFailure("a task that waits was dropped: it never goes on") }
}
