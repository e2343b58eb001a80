/// A first-in, first-out queue over one buffer, which grows when it is full.
///
/// Public and inlinable: the compiler specializes it for its users in other modules, as it does no generic type with
/// `package` access.
public struct Ring<Element> {
  @usableFromInline var storage: ContiguousArray<Element?>
  @usableFromInline var head = 0
  /// How many elements wait.
  @inlinable public var count: Int { used }
  @usableFromInline var used = 0

  /// An empty queue.
  /// - Parameter capacity: rounded up to a power of two.
  @inlinable public init(capacity: Int = 16) {
    var size = 2
    while size < capacity { size *= 2 }
    storage = ContiguousArray(repeating: nil, count: size)
  }

  /// Whether no element waits.
  @inlinable public var isEmpty: Bool { count == 0 }
  /// The element that waits longest.
  @inlinable public var first: Element? { count == 0 ? nil : storage[head] }

  /// Puts an element at the end.
  @inlinable public mutating func append(_ element: Element) {
    if count == storage.count { grow() }
    storage[(head + count) & (storage.count - 1)] = element
    used += 1
  }

  /// Puts an element in front of the others.
  @inlinable public mutating func prepend(_ element: Element) {
    if count == storage.count { grow() }
    head = (head + storage.count - 1) & (storage.count - 1)
    storage[head] = element
    used += 1
  }

  /// Takes the element that waits longest; nil if there is none.
  @inlinable public mutating func popFirst() -> Element? {
    guard count > 0 else { return nil }
    let element = storage[head]
    storage[head] = nil
    head = (head + 1) & (storage.count - 1)
    used -= 1
    return element
  }

  /// Takes the element that came last; nil if there is none.
  @inlinable public mutating func popLast() -> Element? {
    guard count > 0 else { return nil }
    used -= 1
    let index = (head + count) & (storage.count - 1)
    defer { storage[index] = nil }
    return storage[index]
  }

  /// Takes everything out, in order.
  @inlinable public mutating func removeAll() -> [Element] {
    var elements: [Element] = []
    elements.reserveCapacity(count)
    while let element = popFirst() { elements.append(element) }
    return elements
  }

  /// Keeps, in order, what `isKept` says.
  @inlinable public mutating func filter(_ isKept: (Element) -> Bool) {
    for element in removeAll() where isKept(element) { append(element) }
  }

  /// Calls `body` with each element, in order.
  @inlinable public func forEach(_ body: (Element) -> Void) {
    for offset in 0..<count {
      if let element = storage[(head + offset) & (storage.count - 1)] { body(element) }
    }
  }

  @inlinable mutating func grow() {
    var larger = ContiguousArray<Element?>(repeating: nil, count: storage.count * 2)
    for offset in 0..<count { larger[offset] = storage[(head + offset) & (storage.count - 1)] }
    storage = larger
    head = 0
  }
}
