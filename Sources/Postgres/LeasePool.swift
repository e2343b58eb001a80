/// A pool of connections that are lent to one task at a time: who waits, what is idle, what may be opened.
///
/// A pure state machine: it knows neither Postgres nor time, and its transitions return what is to be done. Connections
/// are numbers that it hands out. Waiters are served in the order they came. Every waiter leaves it inside exactly one
/// action.
struct LeasePool<Waiter: AnyObject> {
  typealias ID = Int

  struct Limits: Sendable {
    /// Kept open when idle.
    var size: Int
    /// Opened beyond `size` when all are in use, and closed when they are not used any more.
    var overflow: Int
    /// Opened at the same time: a burst is mostly over before as many connections are up as it has callers, and each
    /// costs the server a process.
    var opening: Int
    /// How many callers may wait.
    var queue: Int
    /// Nanoseconds after which a connection is replaced, at its return or when it is idle.
    var maximumAge: UInt64
    /// Nanoseconds that a connection beyond `size` is kept while nobody uses it: opening one costs the server a
    /// process.
    var overflowIdle: UInt64
  }

  enum Refusal: Sendable { case queueFull, connectFailed, shutDown }

  enum Action {
    /// Open a connection; answer with `connected` or `connectFailed`.
    case connect(ID)
    /// See whether the connection still works (pre-ping), for this waiter; answer with `checked`.
    case check(ID, Waiter, isFresh: Bool)
    /// The waiter has the connection until `released`.
    case grant(ID, Waiter)
    /// The waiter gets an error.
    case refuse(Waiter, Refusal)
    /// Close the connection; no answer is expected.
    case close(ID)
  }

  private enum State {
    case connecting
    case idle
    case checking(Waiter, isFresh: Bool)
    case leased
  }

  private struct Slot {
    var state: State
    /// When it was opened.
    var since: UInt64
    /// When it was last given back.
    var idleSince: UInt64 = 0
  }

  let limits: Limits
  private var slots: [ID: Slot] = [:]
  /// Idle connections, the most recently used last: the rest may grow old and be closed.
  private var idle: [ID] = []
  private var waiters = Ring<Waiter>()
  private var lastID = 0
  private var isShutDown = false

  init(limits: Limits) { self.limits = limits }

  var waiting: Int { waiters.count }
  var open: Int { slots.count }
  var idleCount: Int { idle.count }
  /// Nobody has or awaits a connection.
  var isQuiet: Bool { waiters.isEmpty && idle.count == slots.count }

  private var connecting: Int {
    slots.values.count { if case .connecting = $0.state { true } else { false } }
  }

  mutating func acquire(_ waiter: Waiter) -> [Action] {
    guard !isShutDown else { return [.refuse(waiter, .shutDown)] }
    guard waiters.count < limits.queue else { return [.refuse(waiter, .queueFull)] }
    waiters.append(waiter)
    return serve()
  }

  /// A connection that `connect` asked for is up.
  mutating func connected(_ id: ID, now: UInt64) -> [Action] {
    guard let slot = slots[id], case .connecting = slot.state else { return [.close(id)] }
    slots[id] = Slot(state: .idle, since: now)
    if let waiter = waiters.popFirst() { return [check(id, waiter, isFresh: true)] + serve() }
    return putBack(id, now)
  }

  /// A connection that `connect` asked for cannot be had. Those who could only have waited for it are told.
  mutating func connectFailed(_ id: ID) -> [Action] {
    guard slots.removeValue(forKey: id) != nil else { return [] }
    // While others are in use or on their way, waiters still have something to wait for.
    guard slots.isEmpty else { return [] }
    return waiters.removeAll().map { .refuse($0, .connectFailed) }
  }

  mutating func checked(_ id: ID, isGood: Bool) -> [Action] {
    guard let slot = slots[id], case .checking(let waiter, let isFresh) = slot.state else { return [] }
    if isGood {
      slots[id]?.state = .leased
      return [.grant(id, waiter)]
    }
    slots[id] = nil
    // A connection that was never good says that the server is not: trying again at once would spin.
    if isFresh { return [.close(id), .refuse(waiter, .connectFailed)] }
    waiters.prepend(waiter)
    return [.close(id)] + serve()
  }

  /// The holder is done. A connection that is not as it was lent is closed: a dirty connection never returns.
  mutating func released(_ id: ID, isClean: Bool, now: UInt64) -> [Action] {
    guard let slot = slots[id], case .leased = slot.state else { return [] }
    let isOld = now >= slot.since.addingReportingOverflow(limits.maximumAge).partialValue
    if !isClean || isOld || isShutDown {
      slots[id] = nil
      return [.close(id)] + serve()
    }
    if let waiter = waiters.popFirst() { return [check(id, waiter, isFresh: false)] }
    return putBack(id, now)
  }

  /// The connection died by itself while idle or lent; who holds it hears of it from the connection.
  mutating func lost(_ id: ID) -> [Action] {
    guard let slot = slots.removeValue(forKey: id) else { return [] }
    idle.removeAll { $0 == id }
    if case .checking(let waiter, let isFresh) = slot.state {
      if isFresh { return [.refuse(waiter, .connectFailed)] + serve() }
      waiters.prepend(waiter)
    }
    return serve()
  }

  /// The waiter has been answered otherwise (cancelled, deadline). A check that ran for it leaves the connection in an
  /// unknown state.
  mutating func forget(_ waiter: Waiter) -> [Action] {
    waiters.filter { $0 !== waiter }
    for (id, slot) in slots {
      guard case .checking(let checked, _) = slot.state, checked === waiter else { continue }
      slots[id] = nil
      return [.close(id)] + serve()
    }
    return []
  }

  /// Closes idle connections that are over their age, and those beyond `size` that nobody has used for a while.
  mutating func recycle(now: UInt64) -> [Action] {
    var actions: [Action] = []
    for id in idle {
      guard let slot = slots[id] else { continue }
      let isSpare =
        slots.count > limits.size && now >= slot.idleSince.addingReportingOverflow(limits.overflowIdle).partialValue
      if isSpare || now >= slot.since.addingReportingOverflow(limits.maximumAge).partialValue {
        slots[id] = nil
        actions.append(.close(id))
      }
    }
    idle.removeAll { slots[$0] == nil }
    return actions
  }

  /// The database is away: nobody shall wait for it.
  mutating func refuseWaiters() -> [Action] { waiters.removeAll().map { .refuse($0, .connectFailed) } }

  /// Refuses all who wait and closes what is idle; what is lent is closed when it comes back.
  mutating func shutDown() -> [Action] {
    isShutDown = true
    var actions: [Action] = waiters.removeAll().map { .refuse($0, .shutDown) }
    for (id, slot) in slots {
      switch slot.state {
      case .idle, .connecting:
        slots[id] = nil
        actions.append(.close(id))
      case .checking, .leased: break
      }
    }
    idle = []
    return actions
  }

  private mutating func check(_ id: ID, _ waiter: Waiter, isFresh: Bool) -> Action {
    slots[id]?.state = .checking(waiter, isFresh: isFresh)
    return .check(id, waiter, isFresh: isFresh)
  }

  private mutating func putBack(_ id: ID, _ now: UInt64) -> [Action] {
    if isShutDown {
      slots[id] = nil
      return [.close(id)]
    }
    slots[id]?.state = .idle
    slots[id]?.idleSince = now
    idle.append(id)
    return []
  }

  /// Gives idle connections to waiters and opens as many as the rest may have.
  private mutating func serve() -> [Action] {
    // Who comes back because its check failed finds nobody any more.
    guard !isShutDown else { return waiters.removeAll().map { .refuse($0, .shutDown) } }
    var actions: [Action] = []
    while !waiters.isEmpty, let id = idle.popLast() {
      guard slots[id] != nil, let waiter = waiters.popFirst() else { continue }
      actions.append(check(id, waiter, isFresh: false))
    }
    let connecting = connecting
    var missing = min(waiters.count, limits.opening) - connecting
    while missing > 0, slots.count < limits.size + limits.overflow {
      lastID += 1
      slots[lastID] = Slot(state: .connecting, since: 0)
      actions.append(.connect(lastID))
      missing -= 1
    }
    return actions
  }
}
