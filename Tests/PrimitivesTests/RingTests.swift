import Primitives
import Testing

@Suite struct RingTests {
  @Test func keepsOrderAcrossGrowth() {
    var ring = Ring<Int>(capacity: 2)
    var expected: [Int] = []
    var taken: [Int] = []
    for value in 0..<1000 {
      ring.append(value)
      expected.append(value)
      if value % 3 == 0, let first = ring.popFirst() { taken.append(first) }
    }
    taken += ring.removeAll()
    #expect(taken == expected)
    #expect(ring.isEmpty)
    #expect(ring.popFirst() == nil)
  }

  @Test func prependAndFilter() {
    var ring = Ring<Int>()
    for value in 1...5 { ring.append(value) }
    ring.prepend(0)
    ring.filter { $0 % 2 == 0 }
    #expect(ring.removeAll() == [0, 2, 4])
  }

  @Test func bothEnds() {
    var ring = Ring<Int>(capacity: 2)
    for value in 1...3 { ring.append(value) }
    ring.prepend(0)
    #expect(ring.first == 0)
    #expect(ring.popLast() == 3)
    #expect(ring.popFirst() == 0)
    #expect(ring.count == 2)
    #expect(ring.removeAll() == [1, 2])
    #expect(ring.popLast() == nil && ring.first == nil)
  }

  /// What was taken out is released at once.
  @Test func keepsNothingOfWhatWasTaken() {
    final class Element {}
    var ring = Ring<Element>()
    weak var first: Element?
    weak var last: Element?
    do {
      let (one, two) = (Element(), Element())
      (first, last) = (one, two)
      ring.append(one)
      ring.append(two)
    }
    #expect(first != nil && last != nil)
    _ = ring.popFirst()
    #expect(first == nil)
    _ = ring.popLast()
    #expect(last == nil)
  }
}
