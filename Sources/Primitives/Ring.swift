/// A queue over one buffer that is used again and grows when it is full: what comes in order leaves in order.
package struct Ring<Element> {
  @usableFromInline var storage: ContiguousArray<Element?>
  @usableFromInline var head = 0
  /// How many elements wait.
  @inlinable package var count: Int { used }
  @usableFromInline var used = 0

  /// - Parameter capacity: rounded up to a power of two.
  package init(capacity: Int = 16) {
    var size = 2
    while size < capacity { size *= 2 }
    storage = ContiguousArray(repeating: nil, count: size)
  }

  @inlinable package var isEmpty: Bool { count == 0 }
  package var first: Element? { count == 0 ? nil : storage[head] }

  @inlinable
  package mutating func append(_ element: Element) {
    if count == storage.count { grow() }
    storage[(head + count) & (storage.count - 1)] = element
    used += 1
  }

  package mutating func prepend(_ element: Element) {
    if count == storage.count { grow() }
    head = (head + storage.count - 1) & (storage.count - 1)
    storage[head] = element
    used += 1
  }

  @inlinable
  package mutating func popFirst() -> Element? {
    guard count > 0 else { return nil }
    let element = storage[head]
    storage[head] = nil
    head = (head + 1) & (storage.count - 1)
    used -= 1
    return element
  }

  package mutating func popLast() -> Element? {
    guard count > 0 else { return nil }
    used -= 1
    let index = (head + count) & (storage.count - 1)
    defer { storage[index] = nil }
    return storage[index]
  }

  /// Takes everything out, in order.
  package mutating func removeAll() -> [Element] {
    var elements: [Element] = []
    elements.reserveCapacity(count)
    while let element = popFirst() { elements.append(element) }
    return elements
  }

  /// Keeps, in order, what `isKept` says.
  package mutating func filter(_ isKept: (Element) -> Bool) {
    for element in removeAll() where isKept(element) { append(element) }
  }

  package func forEach(_ body: (Element) -> Void) {
    for offset in 0..<count {
      if let element = storage[(head + offset) & (storage.count - 1)] { body(element) }
    }
  }

  @usableFromInline
  mutating func grow() {
    var larger = ContiguousArray<Element?>(repeating: nil, count: storage.count * 2)
    for offset in 0..<count { larger[offset] = storage[(head + offset) & (storage.count - 1)] }
    storage = larger
    head = 0
  }
}
