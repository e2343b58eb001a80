import TestSupport
import Testing

@testable import UserService

@Suite struct SyncWindowTests {
  private typealias Window = SyncWindow<Int, Int64>

  /// Random orders of reading and finishing: responses come in order, one user's requests never run together, no more
  /// is under way than the limit, and nothing is left behind.
  @Test func randomOrders() {
    let seed = UInt64.random(in: 0 ... .max)
    var random = SeededGenerator(seed: seed)
    for _ in 0..<200 {
      var window = Window()
      let count = Int.random(in: 0...300, using: &random)
      let users = Int.random(in: 1...100, using: &random)
      let requests = (0..<count).map { _ in Int.random(in: 0..<users, using: &random) }
      var (read, isReading) = (0, false)
      var running: [(index: Int64, user: Int)] = []
      var answered: [Int64] = []
      run: while true {
        switch window.next() {
        case .read:
          #expect(!isReading)
          isReading = true
          continue
        case .start(let index, let user):
          #expect(!running.contains { $0.user == user } && requests[Int(index)] == user, "seed \(seed)")
          running.append((index, user))
          #expect(running.count <= Window.limit)
          continue
        case .end: break run
        case .wait: break
        }
        // Something must be under way, or it would wait for ever.
        guard isReading || !running.isEmpty else {
          Issue.record("it waits for nothing: seed \(seed)")
          return
        }
        if isReading, running.isEmpty || Bool.random(using: &random) {
          isReading = false
          window.received(read < count ? requests[read] : nil, keys: read < count ? ["\(requests[read])"] : [])
          read += 1
        } else {
          let done = running.remove(at: Int.random(in: 0..<running.count, using: &random))
          answered += window.finished(done.index, done.index)
        }
      }
      #expect(answered == Array(0..<Int64(count)), "seed \(seed)")
    }
  }

  @Test func itStopsReadingWhenItIsFull() {
    var window = Window()
    var index = 0
    filling: while true {
      switch window.next() {
      case .read:
        window.received(index, keys: ["\(index)"])
        index += 1
      case .start: continue
      default: break filling
      }
    }
    #expect(index == Window.limit)
    // The second is done first: its response waits, and so does the reading.
    #expect(window.finished(1, 1).isEmpty)
    guard case .wait = window.next() else {
      Issue.record("it reads on")
      return
    }
    #expect(window.finished(0, 0) == [0, 1])
    guard case .read = window.next() else {
      Issue.record("it reads no more")
      return
    }
  }
}
