/// A first-in first-out queue over one buffer that is reused: what arrives in order and leaves in order.
struct Ring<Element> {
  private var storage: [Element?]
  private var head = 0
  private(set) var count = 0

  /// - Parameter capacity: rounded up to a power of two.
  init(capacity: Int = 16) {
    var size = 2
    while size < capacity { size *= 2 }
    storage = Array(repeating: nil, count: size)
  }

  var isEmpty: Bool { count == 0 }
  var first: Element? { count == 0 ? nil : storage[head] }

  mutating func append(_ element: Element) {
    if count == storage.count { grow() }
    storage[(head + count) & (storage.count - 1)] = element
    count += 1
  }

  mutating func prepend(_ element: Element) {
    if count == storage.count { grow() }
    head = (head + storage.count - 1) & (storage.count - 1)
    storage[head] = element
    count += 1
  }

  mutating func popFirst() -> Element? {
    guard count > 0 else { return nil }
    let element = storage[head]
    storage[head] = nil
    head = (head + 1) & (storage.count - 1)
    count -= 1
    return element
  }

  /// Takes everything out, in order.
  mutating func removeAll() -> [Element] {
    var elements: [Element] = []
    elements.reserveCapacity(count)
    while let element = popFirst() { elements.append(element) }
    return elements
  }

  /// Keeps, in order, what `isKept` says.
  mutating func filter(_ isKept: (Element) -> Bool) {
    for element in removeAll() where isKept(element) { append(element) }
  }

  func forEach(_ body: (Element) -> Void) {
    for offset in 0..<count {
      if let element = storage[(head + offset) & (storage.count - 1)] { body(element) }
    }
  }

  private mutating func grow() {
    var larger: [Element?] = Array(repeating: nil, count: storage.count * 2)
    for offset in 0..<count { larger[offset] = storage[(head + offset) & (storage.count - 1)] }
    storage = larger
    head = 0
  }
}
