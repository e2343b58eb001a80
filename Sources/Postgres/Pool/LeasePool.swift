import Primitives

/// A pool of connections that are each leased to one waiter at a time. It decides which waiter gets which connection,
/// and when to open and close connections.
///
/// A pure state machine: it knows neither Postgres nor the clock, and its transitions return the actions to execute.
/// Connections are numbers that it assigns. It serves waiters in the order in which they came, and each waiter leaves
/// the pool inside exactly one action.
struct LeasePool<Waiter: AnyObject> {
  typealias ID = Int

  struct Limits: Sendable {
    /// Connections that stay open when idle.
    var size: Int
    /// Connections that may be opened beyond `size` when all are in use.
    var overflow: Int
    /// Connections that may be opening at the same time. Each costs the server a process, and most bursts are over
    /// before one connection for each caller could be up.
    var opening: Int
    /// Callers that may wait.
    var queue: Int
    /// Nanoseconds after which a connection is closed, when it is returned or idle.
    var maximumAge: UInt64
    /// Nanoseconds that a connection beyond `size` stays open while idle. Not zero, because opening one costs the
    /// server a process.
    var overflowIdle: UInt64
  }

  enum Refusal: Sendable { case queueFull, connectFailed, shutDown }

  enum Action {
    /// Open a connection; answer with `connected` or `connectFailed`.
    case connect(ID)
    /// Check for this waiter that the connection still works (pre-ping); answer with `checked`. `isFresh`: it has just
    /// been opened.
    case check(ID, Waiter, isFresh: Bool)
    /// Give the connection to the waiter, until `released`.
    case grant(ID, Waiter)
    /// Answer the waiter with an error.
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
    /// When it was opened, in nanoseconds.
    var since: UInt64
    /// When it was last returned, in nanoseconds.
    var idleSince: UInt64 = 0
  }

  let limits: Limits
  private var slots: [ID: Slot] = [:]
  /// Idle connections, the most recently used last. That one is leased first, so that the others can age and be closed.
  private var idle: [ID] = []
  private var waiters = Ring<Waiter>()
  private var lastID = 0
  private var isShutDown = false

  init(limits: Limits) { self.limits = limits }

  var waiting: Int { waiters.count }
  var open: Int { slots.count }
  var idleCount: Int { idle.count }
  /// No caller holds or waits for a connection.
  var isQuiet: Bool { waiters.isEmpty && idle.count == slots.count }

  private var connecting: Int {
    slots.values.count { if case .connecting = $0.state { true } else { false } }
  }

  /// Adds a waiter: it gets an idle connection, waits for one, or is refused.
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

  /// A connection that `connect` asked for could not be opened. If it was the only one, all waiters are refused.
  mutating func connectFailed(_ id: ID) -> [Action] {
    guard slots.removeValue(forKey: id) != nil else { return [] }
    // While other connections are in use or being opened, waiters can still get one of those.
    guard slots.isEmpty else { return [] }
    return waiters.removeAll().map { .refuse($0, .connectFailed) }
  }

  /// The pre-ping of a connection is over.
  mutating func checked(_ id: ID, isGood: Bool) -> [Action] {
    guard let slot = slots[id], case .checking(let waiter, let isFresh) = slot.state else { return [] }
    if isGood {
      slots[id]?.state = .leased
      return [.grant(id, waiter)]
    }
    slots[id] = nil
    // A new connection that fails its check means that the server is at fault: trying again at once would spin.
    if isFresh { return [.close(id), .refuse(waiter, .connectFailed)] }
    waiters.prepend(waiter)
    return [.close(id)] + serve()
  }

  /// The holder has released the connection. It is closed if it is not clean (a transaction is open, say), or too old.
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

  /// The connection was lost while idle, leased or being checked. A holder learns of it from the connection itself.
  mutating func lost(_ id: ID) -> [Action] {
    guard let slot = slots.removeValue(forKey: id) else { return [] }
    idle.removeAll { $0 == id }
    if case .checking(let waiter, let isFresh) = slot.state {
      if isFresh { return [.refuse(waiter, .connectFailed)] + serve() }
      waiters.prepend(waiter)
    }
    return serve()
  }

  /// Removes a waiter that has been answered already (cancelled, deadline). If a check is running for it, the
  /// connection is in an unknown state and is closed.
  mutating func forget(_ waiter: Waiter) -> [Action] {
    waiters.filter { $0 !== waiter }
    for (id, slot) in slots {
      guard case .checking(let checked, _) = slot.state, checked === waiter else { continue }
      slots[id] = nil
      return [.close(id)] + serve()
    }
    return []
  }

  /// Closes idle connections that are too old, and those beyond `size` that were idle for `overflowIdle`.
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

  /// Refuses all waiters, because the database is unreachable.
  mutating func refuseWaiters() -> [Action] { waiters.removeAll().map { .refuse($0, .connectFailed) } }

  /// Refuses all waiters and closes idle connections. Leased connections are closed when they are released.
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

  /// Gives idle connections to waiters, then opens connections for the remaining waiters as far as the limits allow.
  private mutating func serve() -> [Action] {
    // A waiter can be back in the queue after the shutdown, because its check failed.
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
