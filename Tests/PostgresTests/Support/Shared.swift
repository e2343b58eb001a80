import Synchronization

/// A value that tasks of a test share.
final class Shared<Value: Sendable>: Sendable {
  private let storage: Mutex<Value>

  init(_ value: Value) { storage = Mutex(value) }

  var value: Value {
    get { storage.withLock { $0 } }
    set { storage.withLock { $0 = newValue } }
  }

  /// Changes the value and returns it.
  @discardableResult
  func change(_ body: @Sendable (inout Value) -> Void) -> Value {
    storage.withLock { value in
      body(&value)
      return value
    }
  }
}
