import TestSupport
import Testing

@testable import UserService

/// What watchers share.
@Suite struct FeedWindowTests {
  private struct Item: FeedItem {
    let position: FeedPosition
  }

  private static func at(_ number: Int64, _ stamp: Int64 = 1) -> FeedPosition {
    FeedPosition(number: number, stamp: stamp)
  }

  private func window(_ capacity: Int = 4, upTo last: Int64 = 5) -> FeedWindow<Item> {
    var window = FeedWindow<Item>(capacity: capacity)
    window.reset(to: Self.at(0))
    for number in 1...last { window.append([Item(position: Self.at(number))], end: Self.at(number)) }
    return window
  }

  /// The numbers found, or the other outcome.
  private func found(_ window: FeedWindow<Item>, _ position: FeedPosition, limit: Int = 10) -> String {
    switch window.next(after: position, limit: limit) {
    case .items(let items, let end): "\(items.map(\.position.number)) \(end.number)"
    case .nothing: "nothing"
    case .outside: "outside"
    case .gone: "gone"
    }
  }

  @Test func keepsTheNewest() {
    let window = window()
    #expect(found(window, Self.at(0)) == "outside")
    #expect(found(window, Self.at(1)) == "[2, 3, 4, 5] 5")
    #expect(found(window, Self.at(4)) == "[5] 5")
    #expect(found(window, Self.at(5)) == "nothing")
    #expect(found(window, Self.at(6)) == "outside")
    #expect(found(window, Self.at(1), limit: 2) == "[2, 3] 3")
  }

  @Test func knowsItsHistory() {
    let window = window()
    for number: Int64 in [1, 3, 5] { #expect(found(window, Self.at(number, 2)) == "gone") }
    var empty = FeedWindow<Item>(capacity: 4)
    #expect(found(empty, Self.at(3)) == "nothing")
    empty.reset(to: Self.at(3))
    #expect(found(empty, Self.at(3)) == "nothing" && found(empty, Self.at(3, 2)) == "gone")
    #expect(found(empty, Self.at(2)) == "outside" && found(empty, Self.at(4)) == "outside")
  }

  /// Events of kinds that this version does not know are left out.
  @Test func passesOverWhatIsLeftOut() {
    var window = FeedWindow<Item>(capacity: 4)
    window.reset(to: Self.at(0))
    window.append([Item(position: Self.at(1)), Item(position: Self.at(4))], end: Self.at(6))
    #expect(found(window, Self.at(0)) == "[1, 4] 6" && found(window, Self.at(1)) == "[4] 6")
    #expect(found(window, Self.at(0), limit: 1) == "[1] 1")
    // The store knows whether it is of this history.
    #expect(found(window, Self.at(2)) == "outside" && found(window, Self.at(5)) == "outside")
  }

  /// Whatever is appended, whoever follows finds all of it in order.
  @Test func aWalk() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    var window = FeedWindow<Item>(capacity: 50), last: Int64 = 0, seen: Int64 = 0
    window.reset(to: Self.at(0))
    for _ in 0..<2000 {
      if Bool.random(using: &random) {
        let count = Int64.random(in: 1...5, using: &random)
        window.append((1...count).map { Item(position: Self.at(last + $0)) }, end: Self.at(last + count))
        last += count
      }
      switch window.next(after: Self.at(seen), limit: Int.random(in: 1...9, using: &random)) {
      case .items(let items, let end):
        #expect(items.map(\.position.number).elementsEqual(seen + 1...end.number), "seed \(seed)")
        seen = end.number
      case .nothing: #expect(seen == last, "seed \(seed)")
      case .outside:
        #expect(last - seen > 50, "seed \(seed)")
        seen = last - 50
      case .gone: Issue.record("seed \(seed)")
      }
    }
  }
}
