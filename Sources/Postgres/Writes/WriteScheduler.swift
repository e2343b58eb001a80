import EventLoop

/// The share of the pool that a write uses while it is under way.
enum WriteLane: Int, Sendable, CaseIterable {
  /// Writes that are not known to meet a lock.
  case fast
  /// Writes that met a lock and wait for it in the database: never more than a part of the pool.
  case slow
  /// Several rows in one statement.
  case group
  /// Writes that may use what is kept from all others.
  case reserved
}

/// How far a write got, as the scheduler sees it.
enum WriteStage: Sendable {
  /// Another write has one of its keys.
  case blocked
  /// It waits for a connection to be free in its lane.
  case ready
  /// It is under way, or between two attempts. Its keys are its own until it leaves.
  case started
}

/// What the scheduler needs of a write.
protocol ScheduledWrite: AnyObject {
  /// Each once.
  var keys: [WriteKey] { get }
  /// Writes of the same name may travel together; nil: it travels by itself.
  var groupName: String? { get }
  var priority: WritePriority { get }
  /// Its caller has had an answer: nothing is to be done for it any more.
  var isAnswered: Bool { get }
  /// It waits for a lock that others hold.
  var isSlow: Bool { get set }
  /// How many of its keys other writes have.
  var blockers: Int { get set }
  var stage: WriteStage { get set }
}

/// Which write of a loop goes next, and which wait: for a write of the same key, or for room in their lane.
///
/// A pure state machine: it knows neither connections nor Postgres. Rules that it keeps:
/// - writes of one key go one after the other, in the order in which they came;
/// - those that meet locks hold at most a part of the pool, so that the rest gets on;
/// - rows of a grouped write wait while enough groups are under way, and then travel together;
/// - a part of the pool is kept for `WritePriority.reserved`.
struct WriteScheduler<Write: ScheduledWrite> {
  struct Limits: Sendable {
    /// Writes that may be under way, a group counting as one.
    var total: Int
    /// Of `total`: those that wait for locks.
    var slow: Int
    /// Of `total`: kept from all but reserved writes.
    var reserve: Int
    /// Groups that may be under way.
    var groups: Int
    /// Rows of one group.
    var groupSize: Int
    /// Writes that may wait.
    var queue: Int

    /// The shares of a pool of `connections`: a quarter for those that wait for locks, a tenth for reserved ones.
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
    /// Nil until the first one comes: hardly ever does one.
    var waiting: Ring<Write>?

    mutating func append(_ write: Write) {
      if waiting == nil { waiting = Ring() }
      waiting?.append(write)
    }
  }

  /// For so long a key that met a lock is expected to meet it again.
  static var blockedFor: UInt64 { 1_000_000_000 }
  private static var maximumBlockedKeys: Int { 4096 }

  let limits: Limits
  private var queues: [WriteKey: KeyQueue] = [:]
  private var fast = Ring<Write>()
  private var slow = Ring<Write>()
  private var rows = Ring<Write>()
  private var reserved = Ring<Write>()
  /// Keys that met a lock, and until when that counts.
  private var blockedKeys: [WriteKey: UInt64] = [:]
  private var underWay = [Int](repeating: 0, count: WriteLane.allCases.count)
  /// Writes that wait and whose callers wait.
  private(set) var waiting = 0
  /// Writes that wait though their callers have had an answer: dropped when their turn comes, or by `dropAnswered`.
  private var answered = 0

  init(limits: Limits) { self.limits = limits }

  func count(_ lane: WriteLane) -> Int { underWay[lane.rawValue] }
  private var ordinary: Int { count(.fast) + count(.slow) + count(.group) }
  var isIdle: Bool { waiting == 0 && ordinary + count(.reserved) == 0 }

  /// Most of the fast lane is in use: nobody should hold a connection there for long.
  var isCrowded: Bool { 2 * (ordinary - count(.slow)) > limits.total - limits.reserve - limits.slow }

  // MARK: What comes in

  /// - Returns: false if as many as may wait do so already; the write was not taken.
  mutating func submit(_ write: Write, now: UInt64) -> Bool {
    guard waiting < limits.queue else { return false }
    waiting += 1
    write.stage = .blocked
    for key in write.keys {
      guard queues[key] != nil else {
        queues[key] = KeyQueue(holder: write)
        continue
      }
      queues[key]?.append(write)
      write.blockers += 1
    }
    if write.blockers == 0 { becomeReady(write, now) }
    return true
  }

  /// A write that was under way has to go again. It still has its keys.
  mutating func retry(_ write: Write, now: UInt64) {
    waiting += 1
    becomeReady(write, now)
  }

  private mutating func becomeReady(_ write: Write, _ now: UInt64) {
    write.stage = .ready
    if !blockedKeys.isEmpty, write.keys.contains(where: { blockedKeys[$0].map { now < $0 } ?? false }) {
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

  /// A write met a lock: others of its keys will meet it too.
  mutating func noteBlocked(_ write: Write, now: UInt64) {
    if blockedKeys.count >= Self.maximumBlockedKeys { blockedKeys = blockedKeys.filter { now < $0.value } }
    guard blockedKeys.count < Self.maximumBlockedKeys else { return }
    for key in write.keys { blockedKeys[key] = now.saturatingAdd(Self.blockedFor) }
  }

  // MARK: What goes out

  /// The next write to begin, or nil if none has room. It is under way from now on: `finished` gives its place back.
  mutating func next(now: UInt64) -> Start? {
    guard ordinary + count(.reserved) < limits.total else { return nil }
    if !reserved.isEmpty, let write = take(\.reserved, now) { return start(write, .reserved) }
    guard ordinary < limits.total - limits.reserve else { return nil }
    if !slow.isEmpty, count(.slow) < limits.slow, let write = take(\.slow, now) { return start(write, .slow) }
    if !rows.isEmpty, count(.group) < limits.groups, let first = take(\.rows, now) { return startGroup(first, now) }
    if !fast.isEmpty, let write = take(\.fast, now) { return start(write, .fast) }
    return nil
  }

  private mutating func start(_ write: Write, _ lane: WriteLane) -> Start {
    underWay[lane.rawValue] += 1
    return .single(write, lane)
  }

  private mutating func startGroup(_ first: Write, _ now: UInt64) -> Start {
    underWay[WriteLane.group.rawValue] += 1
    var group = [first]
    while group.count < limits.groupSize, rows.first?.groupName == first.groupName, let write = take(\.rows, now) {
      group.append(write)
    }
    return .group(group)
  }

  /// The first write of a queue whose caller still waits.
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

  /// A place in a lane is free again.
  mutating func finished(_ lane: WriteLane) { underWay[lane.rawValue] -= 1 }

  /// A write is done for good: who waits for its keys comes next.
  mutating func leave(_ write: Write, now: UInt64) {
    var keys = write.keys
    while let key = keys.popLast() {
      guard let next = queues[key]?.waiting?.popFirst() else {
        queues[key] = nil
        continue
      }
      queues[key]?.holder = next
      next.blockers -= 1
      guard next.blockers == 0 else { continue }
      if next.isAnswered {
        answered -= 1
        keys += next.keys
      } else {
        becomeReady(next, now)
      }
    }
  }

  /// A write of a slow lane got through: its keys are free.
  mutating func noteUnblocked(_ write: Write) {
    guard !blockedKeys.isEmpty else { return }
    for key in write.keys { blockedKeys[key] = nil }
  }

  // MARK: Callers that do not wait any more

  /// The caller of a write that waits here has had an answer.
  mutating func wasAnswered(now: UInt64) {
    waiting -= 1
    answered += 1
    // Each look over the queues pays for itself by what it removes.
    if answered > 1024, answered > waiting { dropAnswered(now: now) }
  }

  private mutating func dropAnswered(now: UInt64) {
    for key in Array(queues.keys) { queues[key]?.waiting?.filter { !$0.isAnswered } }
    for key in Array(queues.keys) {
      guard let holder = queues[key]?.holder, holder.isAnswered, holder.stage == .blocked else { continue }
      guard let next = queues[key]?.waiting?.popFirst() else {
        queues[key] = nil
        continue
      }
      queues[key]?.holder = next
      next.blockers -= 1
      if next.blockers == 0 { becomeReady(next, now) }
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

  /// Each write that waits, perhaps twice.
  func forEachWaiting(_ body: (Write) -> Void) {
    for queue in [fast, slow, rows, reserved] { queue.forEach(body) }
    for queue in queues.values { queue.waiting?.forEach(body) }
  }
}
