import TestSupport
import Testing

@testable import Postgres

@Suite struct WriteSchedulerTests {
  final class Write: ScheduledWrite {
    let name: String
    let keys: [WriteKey]
    let groupName: String?
    let priority: WritePriority
    var isAnswered = false
    var isSlow = false
    var missingKeys = 0
    var stage = WriteStage.waitingForKeys

    init(_ name: String, _ keys: String..., group: String? = nil, priority: WritePriority = .normal) {
      self.name = name
      self.keys = keys.map { WriteKey("test", $0) }
      groupName = group
      self.priority = priority
    }
  }

  typealias Scheduler = WriteScheduler<Write>

  private func scheduler(_ connections: Int = 20, groups: Int = 1, groupSize: Int = 3, queue: Int = 100) -> Scheduler {
    Scheduler(
      limits: Scheduler.Limits(connections: connections, groups: groups, groupSize: groupSize, queue: queue))
  }

  /// All that begins now, as text.
  private func begin(_ scheduler: inout Scheduler, now: UInt64 = 0) -> [String] {
    var started: [String] = []
    while let start = scheduler.next(now: now) {
      switch start {
      case .single(let write, let lane): started.append("\(write.name) \(lane)")
      case .group(let writes): started.append("[\(writes.map(\.name).joined(separator: " "))]")
      }
    }
    return started
  }

  private func submit(_ scheduler: inout Scheduler, _ writes: Write...) { submit(&scheduler, writes) }

  private func submit(_ scheduler: inout Scheduler, _ writes: [Write]) {
    for write in writes {
      let isTaken = scheduler.submit(write, now: 0)
      #expect(isTaken)
    }
  }

  @Test func writesOfAKeyGoOneAfterTheOther() {
    var scheduler = scheduler()
    let (a, b, c, other) = (Write("a", "k"), Write("b", "k"), Write("c", "k"), Write("other", "l"))
    submit(&scheduler, a, b, c, other)
    #expect(begin(&scheduler) == ["a fast", "other fast"])
    scheduler.finished(.fast)
    // Tried again: still its turn.
    scheduler.retry(a, now: 0)
    #expect(begin(&scheduler) == ["a fast"])
    scheduler.finished(.fast)
    scheduler.leave(a, now: 0)
    #expect(begin(&scheduler) == ["b fast"])
    scheduler.leave(b, now: 0)
    #expect(begin(&scheduler) == ["c fast"])
  }

  /// Two users swap their emails: each write has two keys, and neither ever has one while it waits for the other.
  @Test func writesWithTwoKeysWaitForBoth() {
    var scheduler = scheduler()
    let writes = [Write("a", "u1", "e2"), Write("b", "u2", "e1"), Write("c", "u1", "e1"), Write("d", "u2", "e2")]
    submit(&scheduler, writes)
    #expect(begin(&scheduler) == ["a fast", "b fast"])
    scheduler.leave(writes[0], now: 0)
    #expect(begin(&scheduler) == [])
    scheduler.leave(writes[1], now: 0)
    #expect(begin(&scheduler) == ["c fast", "d fast"])
  }

  @Test func rowsWaitWhileAGroupIsUnderWay() {
    var scheduler = scheduler()
    for name in ["a", "b", "c", "d", "e"] { submit(&scheduler, Write(name, name, group: "insert")) }
    #expect(begin(&scheduler) == ["[a b c]"])
    submit(&scheduler, Write("f", "f", group: "insert"), Write("other", group: "another"))
    scheduler.finished(.group)
    #expect(begin(&scheduler) == ["[d e f]"])
    scheduler.finished(.group)
    #expect(begin(&scheduler) == ["[other]"])
  }

  /// Two rows of one key would be two rows of one statement that conflict.
  @Test func rowsOfOneKeyNeverTravelTogether() {
    var scheduler = scheduler()
    let a = Write("a", "e", group: "insert")
    submit(&scheduler, a, Write("b", "e", group: "insert"), Write("c", "x", group: "insert"))
    #expect(begin(&scheduler) == ["[a c]"])
    scheduler.finished(.group)
    #expect(begin(&scheduler) == [])
    scheduler.leave(a, now: 0)
    #expect(begin(&scheduler) == ["[b]"])
  }

  @Test func thoseThatWaitForLocksHoldAQuarter() {
    var scheduler = scheduler(20)
    let writes = (0..<30).map { Write("\($0)", "k\($0)") }
    submit(&scheduler, writes)
    let first = begin(&scheduler)
    // Two of twenty are kept for reserved writes.
    #expect(first.count == 18)
    for write in writes[..<18] {
      write.isSlow = true
      scheduler.finished(.fast)
      scheduler.retry(write, now: 0)
    }
    let second = begin(&scheduler)
    #expect(second.filter { $0.hasSuffix("slow") }.count == 5)
    #expect(second.filter { $0.hasSuffix("fast") }.count == 12)
    #expect(scheduler.count(.slow) == 5 && begin(&scheduler).isEmpty)
  }

  @Test func aPartIsKeptForReservedWrites() {
    var scheduler = scheduler(10)
    for index in 0..<20 { submit(&scheduler, Write("\(index)")) }
    let first = begin(&scheduler)
    #expect(first.count == 9)
    submit(&scheduler, Write("sign-in", priority: .reserved), Write("another", priority: .reserved))
    #expect(begin(&scheduler) == ["sign-in reserved"])
    scheduler.finished(.fast)
    // It comes before those that have waited for longer.
    #expect(begin(&scheduler) == ["another reserved"])
  }

  @Test func keysThatMetALockGoToTheSlowLaneForAWhile() {
    var scheduler = scheduler()
    let first = Write("first", "k")
    submit(&scheduler, first)
    _ = begin(&scheduler)
    scheduler.noteLockTimeout(first, now: 0)
    scheduler.leave(first, now: 0)
    let second = Write("second", "k")
    submit(&scheduler, second)
    #expect(begin(&scheduler, now: 1) == ["second slow"])
    scheduler.leave(second, now: 1)
    let isTaken = scheduler.submit(Write("third", "k"), now: Scheduler.contentionLifetime)
    #expect(isTaken)
    #expect(begin(&scheduler, now: Scheduler.contentionLifetime) == ["third fast"])
  }

  @Test func theQueueIsBoundedByThoseWhoWait() {
    var scheduler = scheduler(1, queue: 3)
    let writes = (0..<4).map { Write("\($0)", "k") }
    submit(&scheduler, writes[0])
    _ = begin(&scheduler)
    submit(&scheduler, Array(writes[1...]))
    let isTaken = scheduler.submit(Write("refused"), now: 0)
    #expect(!isTaken)
    writes[2].isAnswered = true
    scheduler.noteAnswered(now: 0)
    submit(&scheduler, Write("late", "k"))
    scheduler.finished(.fast)
    scheduler.leave(writes[0], now: 0)
    #expect(begin(&scheduler) == ["1 fast"])
    scheduler.finished(.fast)
    scheduler.leave(writes[1], now: 0)
    #expect(begin(&scheduler) == ["3 fast"])
  }

  /// Two groups start with what there is, further ones only when a quarter of a full group waits.
  @Test func thirdGroupWaitsForRows() {
    var scheduler = scheduler(groups: 4, groupSize: 12)
    func rows(_ names: String...) { submit(&scheduler, names.map { Write($0, group: "g") }) }
    rows("0")
    #expect(begin(&scheduler) == ["[0]"])
    rows("1")
    #expect(begin(&scheduler) == ["[1]"])
    rows("2", "3")
    #expect(begin(&scheduler) == [])
    rows("4")
    #expect(begin(&scheduler) == ["[2 3 4]"])
    rows("5")
    scheduler.finished(.group)
    #expect(begin(&scheduler) == [])
    scheduler.finished(.group)
    #expect(begin(&scheduler) == ["[5]"])
  }

  /// Everything in any order, against a plain account of what may be: nothing is lost, no key is held twice, no lane is
  /// over its limit, those of one key go in the order they came.
  @Test(arguments: 0..<20) func randomWalk(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var scheduler = scheduler(Int.random(in: 1...30, using: &random), groups: 2, queue: 5000)
    var waiting: [Write] = []
    var running: [(write: Write, lane: WriteLane, group: Int)] = []
    var groups: [Int: Int] = [:]
    var order: [String: Int] = [:]
    var (submitted, left, now): (Int, Int, UInt64) = (0, 0, 0)

    func check() {
      var held: Set<WriteKey> = []
      for entry in running {
        for key in entry.write.keys {
          let isFree = held.insert(key).inserted
          #expect(isFree)
        }
      }
      let limits = scheduler.limits
      let ordinary = scheduler.count(.fast) + scheduler.count(.slow) + scheduler.count(.group)
      #expect(scheduler.count(.slow) <= limits.slow && scheduler.count(.group) <= limits.groups)
      #expect(ordinary <= max(1, limits.total - limits.reserve))
      #expect(ordinary + scheduler.count(.reserved) <= limits.total)
    }
    func drain() {
      while let start = scheduler.next(now: now) {
        let (writes, lane): ([Write], WriteLane) =
          switch start {
          case .single(let write, let lane): ([write], lane)
          case .group(let writes): (writes, .group)
          }
        let group = Int.random(in: 0..<Int.max, using: &random)
        groups[group] = writes.count
        for write in writes {
          #expect(!write.isAnswered)
          waiting.removeAll { $0 === write }
          running.append((write, lane, group))
        }
        check()
      }
    }
    func end(_ index: Int, leaving: Bool) {
      let (write, lane, group) = running.remove(at: index)
      groups[group, default: 0] -= 1
      if groups[group] == 0 { scheduler.finished(lane) }
      if leaving || write.isAnswered {
        scheduler.leave(write, now: now)
        left += 1
        let parts = write.name.split(separator: ":")
        if write.keys.count == 1, let number = Int(parts[1]) {
          #expect(number > order[String(parts[0]), default: -1])
          order[String(parts[0])] = number
        }
      } else {
        scheduler.retry(write, now: now)
        waiting.append(write)
      }
    }

    for step in 0..<4000 {
      now += UInt64.random(in: 0..<100_000_000, using: &random)
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<5:
        let names = (0..<Int.random(in: 1...2, using: &random)).map { _ in "k\(Int.random(in: 0..<8, using: &random))" }
        let keys = Set(names).sorted()
        let isRow = keys.count == 1 && Bool.random(using: &random)
        let priority = Int.random(in: 0..<10, using: &random) == 0 ? WritePriority.reserved : .normal
        let name = "\(keys[0]):\(step)"
        let group = isRow ? "g" : nil
        let write =
          keys.count == 2
          ? Write(name, keys[0], keys[1], priority: priority) : Write(name, keys[0], group: group, priority: priority)
        if scheduler.submit(write, now: now) {
          submitted += 1
          waiting.append(write)
        }
      case 5..<7:
        guard !running.isEmpty else { break }
        end(Int.random(in: 0..<running.count, using: &random), leaving: true)
      case 7:
        guard !running.isEmpty else { break }
        let index = Int.random(in: 0..<running.count, using: &random)
        running[index].write.isSlow = true
        if Bool.random(using: &random) { scheduler.noteLockTimeout(running[index].write, now: now) }
        end(index, leaving: false)
      default:
        // A caller gives up, waiting or under way.
        if Bool.random(using: &random), let write = waiting.randomElement(using: &random) {
          write.isAnswered = true
          waiting.removeAll { $0 === write }
          left += 1
          scheduler.noteAnswered(now: now)
        } else if let entry = running.randomElement(using: &random) {
          entry.write.isAnswered = true
        }
      }
      #expect(scheduler.waiting == waiting.count)
      if Int.random(in: 0..<3, using: &random) == 0 { drain() }
    }
    drain()
    while !running.isEmpty {
      end(0, leaving: true)
      drain()
    }
    #expect(left == submitted && waiting.isEmpty && scheduler.isIdle)
  }
}
