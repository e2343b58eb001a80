import EventLoop
import Primitives

/// The share of the pool that a write uses while it is in flight.
enum WriteLane: Int, Sendable, CaseIterable {
  /// Writes that are not expected to wait for a lock.
  case fast
  /// Writes that timed out on a lock and now wait for it in the database. They hold at most a quarter of the pool.
  case slow
  /// Groups: several rows in one statement.
  case group
  /// Writes of `WritePriority.reserved`, which may also use the reserved connections.
  case reserved
}

/// How far the scheduler has brought a write.
enum WriteStage: Sendable {
  /// Another write holds one of its keys.
  case waitingForKeys
  /// It has all its keys and waits for a place in its lane.
  case ready
  /// It is in flight, or between two attempts. It holds its keys until it leaves the scheduler.
  case started
}

/// What the scheduler needs to know about a write. All properties belong to the scheduler's loop.
protocol ScheduledWrite: AnyObject {
  /// The keys, without duplicates.
  var keys: [WriteKey] { get }
  /// Writes with the same name may share a statement; nil: the write needs a statement of its own.
  var groupName: String? { get }
  var priority: WritePriority { get }
  /// Its caller has been answered: there is nothing left to do for it.
  var isAnswered: Bool { get }
  /// It belongs to the slow lane: it waits for a lock, or is expected to.
  var isSlow: Bool { get set }
  /// How many of its keys other writes hold.
  var missingKeys: Int { get set }
  var stage: WriteStage { get set }
}

/// Decides which write of a loop starts next. The others wait for a write that holds one of their keys, or for a place
/// in their lane.
///
/// A pure state machine: it knows neither connections nor Postgres. Its rules:
/// - writes with the same key run one at a time, in the order in which they were submitted;
/// - writes that wait for locks hold at most a quarter of the pool, so that the others get on;
/// - rows of a grouped write wait while enough groups are in flight, and then share a statement;
/// - a tenth of the pool is reserved for `WritePriority.reserved`.
struct WriteScheduler<Write: ScheduledWrite> {
  struct Limits: Sendable {
    /// Writes that may be in flight; a group counts as one.
    var total: Int
    /// How many of `total` the slow lane may use.
    var slow: Int
    /// How many of `total` only reserved writes may use.
    var reserve: Int
    /// Groups that may be in flight; more than two only while a quarter of a group's rows wait.
    var groups: Int
    /// The most rows in one group.
    var groupSize: Int
    /// Writes that may wait.
    var queue: Int

    /// Divides `connections`, the loop's share of the pool: a quarter at most for the slow lane, a tenth reserved.
    init(connections: Int, groups: Int, groupSize: Int, queue: Int) {
      total = max(1, connections)
      slow = max(1, total / 4)
      reserve = total / 10
      self.groups = max(1, groups)
      self.groupSize = max(1, groupSize)
      self.queue = queue
    }
  }

  enum Start {
    case single(Write, WriteLane)
    case group([Write])
  }

  private struct KeyQueue {
    var holder: Write
    /// Writes that wait for the holder. Created on first use, because most keys never have a waiting write.
    var waiting: Ring<Write>?

    mutating func append(_ write: Write) {
      if waiting == nil { waiting = Ring() }
      waiting?.append(write)
    }
  }

  /// Nanoseconds after a write timed out on a lock during which writes with its keys start in the slow lane.
  static var contentionLifetime: UInt64 { 1_000_000_000 }
  private static var maximumContendedKeys: Int { 4096 }

  let limits: Limits
  private var queues: [WriteKey: KeyQueue] = [:]
  private var fast = Ring<Write>()
  private var slow = Ring<Write>()
  private var rows = Ring<Write>()
  private var reserved = Ring<Write>()
  /// Keys of writes that timed out on a lock, and until when (CLOCK_MONOTONIC, nanoseconds) that counts.
  private var contendedKeys: [WriteKey: UInt64] = [:]
  private var underWay = [Int](repeating: 0, count: WriteLane.allCases.count)
  /// Waiting writes whose callers still wait for an answer.
  private(set) var waiting = 0
  /// Waiting writes whose callers have been answered: dropped when their turn comes, or by `dropAnswered`.
  private var answered = 0

  init(limits: Limits) { self.limits = limits }

  func count(_ lane: WriteLane) -> Int { underWay[lane.rawValue] }
  private var ordinary: Int { count(.fast) + count(.slow) + count(.group) }
  var isIdle: Bool { waiting == 0 && ordinary + count(.reserved) == 0 }

  /// More than half of the connections outside the slow lane and the reserve are in use: no write should hold one of
  /// them for long.
  var isCrowded: Bool { 2 * (ordinary - count(.slow)) > limits.total - limits.reserve - limits.slow }

  // MARK: Submitting

  /// Takes a write.
  /// - Returns: false if the queue is full; the write was not taken.
  mutating func submit(_ write: Write, now: UInt64) -> Bool {
    guard waiting < limits.queue else { return false }
    waiting += 1
    write.stage = .waitingForKeys
    for key in write.keys {
      guard queues[key] != nil else {
        queues[key] = KeyQueue(holder: write)
        continue
      }
      queues[key]?.append(write)
      write.missingKeys += 1
    }
    if write.missingKeys == 0 { becomeReady(write, now) }
    return true
  }

  /// Queues a write for another attempt. It still holds its keys.
  mutating func retry(_ write: Write, now: UInt64) {
    waiting += 1
    becomeReady(write, now)
  }

  private mutating func becomeReady(_ write: Write, _ now: UInt64) {
    write.stage = .ready
    if !contendedKeys.isEmpty, write.keys.contains(where: { contendedKeys[$0].map { now < $0 } ?? false }) {
      write.isSlow = true
    }
    if write.isSlow {
      slow.append(write)
    } else if write.priority == .reserved {
      reserved.append(write)
    } else if write.groupName != nil {
      rows.append(write)
    } else {
      fast.append(write)
    }
  }

  /// Remembers that a write timed out on a lock: other writes with its keys will probably meet the lock too.
  mutating func noteLockTimeout(_ write: Write, now: UInt64) {
    if contendedKeys.count >= Self.maximumContendedKeys { contendedKeys = contendedKeys.filter { now < $0.value } }
    guard contendedKeys.count < Self.maximumContendedKeys else { return }
    for key in write.keys { contendedKeys[key] = now.saturatingAdd(Self.contentionLifetime) }
  }

  // MARK: Starting and finishing

  /// The next write or group to start, or nil if none may start now. It occupies a place in its lane until `finished`.
  mutating func next(now: UInt64) -> Start? {
    guard ordinary + count(.reserved) < limits.total else { return nil }
    if !reserved.isEmpty, let write = take(\.reserved, now) { return start(write, .reserved) }
    guard ordinary < limits.total - limits.reserve else { return nil }
    if !slow.isEmpty, count(.slow) < limits.slow, let write = take(\.slow, now) { return start(write, .slow) }
    if isGroupDue, let first = take(\.rows, now) { return startGroup(first, now) }
    if !fast.isEmpty, let write = take(\.fast, now) { return start(write, .fast) }
    return nil
  }

  private mutating func start(_ write: Write, _ lane: WriteLane) -> Start {
    underWay[lane.rawValue] += 1
    return .single(write, lane)
  }

  /// Two groups keep both the database and its client busy. More groups would be smaller, and a row costs more in a
  /// small group (with 16 rows a third more than with 64), so a third group starts only when enough rows wait.
  private var isGroupDue: Bool {
    guard !rows.isEmpty, count(.group) < limits.groups else { return false }
    return count(.group) < 2 || rows.count >= limits.groupSize / 4
  }

  private mutating func startGroup(_ first: Write, _ now: UInt64) -> Start {
    underWay[WriteLane.group.rawValue] += 1
    var group = [first]
    while group.count < limits.groupSize, rows.first?.groupName == first.groupName, let write = take(\.rows, now) {
      group.append(write)
    }
    return .group(group)
  }

  /// Takes the first write whose caller still waits out of a queue; drops the answered ones before it.
  private mutating func take(_ queue: WritableKeyPath<Self, Ring<Write>>, _ now: UInt64) -> Write? {
    while let write = self[keyPath: queue].popFirst() {
      write.stage = .started
      guard write.isAnswered else {
        waiting -= 1
        return write
      }
      answered -= 1
      leave(write, now: now)
    }
    return nil
  }

  /// An attempt is over: frees its place in the lane.
  mutating func finished(_ lane: WriteLane) { underWay[lane.rawValue] -= 1 }

  /// A write is over: hands each of its keys to the next write that waits for it.
  mutating func leave(_ write: Write, now: UInt64) {
    var keys = write.keys
    while let key = keys.popLast() {
      guard let next = queues[key]?.waiting?.popFirst() else {
        queues[key] = nil
        continue
      }
      queues[key]?.holder = next
      next.missingKeys -= 1
      guard next.missingKeys == 0 else { continue }
      if next.isAnswered {
        answered -= 1
        keys += next.keys
      } else {
        becomeReady(next, now)
      }
    }
  }

  /// A write succeeded: forgets that its keys met a lock.
  mutating func noteSuccess(_ write: Write) {
    guard !contendedKeys.isEmpty else { return }
    for key in write.keys { contendedKeys[key] = nil }
  }

  // MARK: Callers that no longer wait

  /// The caller of a waiting write has been answered. Call it once for each such write.
  mutating func noteAnswered(now: UInt64) {
    waiting -= 1
    answered += 1
    // Scan the queues only when that removes at least half of what is in them.
    if answered > 1024, answered > waiting { dropAnswered(now: now) }
  }

  private mutating func dropAnswered(now: UInt64) {
    for key in Array(queues.keys) { queues[key]?.waiting?.filter { !$0.isAnswered } }
    for key in Array(queues.keys) {
      guard let holder = queues[key]?.holder, holder.isAnswered, holder.stage == .waitingForKeys else { continue }
      guard let next = queues[key]?.waiting?.popFirst() else {
        queues[key] = nil
        continue
      }
      queues[key]?.holder = next
      next.missingKeys -= 1
      if next.missingKeys == 0 { becomeReady(next, now) }
    }
    for queue in [\Self.fast, \.slow, \.rows, \.reserved] {
      let writes = self[keyPath: queue].removeAll()
      for write in writes where !write.isAnswered { self[keyPath: queue].append(write) }
      for write in writes where write.isAnswered {
        write.stage = .started
        leave(write, now: now)
      }
    }
    answered = 0
  }

  /// Calls `body` with each waiting write; with one that waits for several keys more than once.
  func forEachWaiting(_ body: (Write) -> Void) {
    for queue in [fast, slow, rows, reserved] { queue.forEach(body) }
    for queue in queues.values { queue.waiting?.forEach(body) }
  }
}
