internal import Synchronization
public import Tokens

/// The keys that are in use now. Any thread may read or replace them.
public final class LiveKeys: Sendable {
  private let keys: Mutex<KeySet>
  /// Changes with the keys.
  private let generation = Atomic<Int>(1)

  /// Keys to begin with.
  public init(_ keys: KeySet) { self.keys = Mutex(keys) }

  /// The keys as they are now.
  public var current: KeySet { keys.withLock { $0 } }

  /// Replaces the keys. From the next call on, tokens of keys that are not among the new ones are refused.
  public func replace(_ keys: KeySet) {
    self.keys.withLock { $0 = keys }
    generation.add(1, ordering: .releasing)
  }

  /// The current keys and their generation; nil if that generation is `seen`.
  func keysIfChanged(since seen: Int) -> (KeySet, Int)? {
    let generation = generation.load(ordering: .acquiring)
    return generation == seen ? nil : (current, generation)
  }
}
