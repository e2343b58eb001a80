/// Whether callers are let in. Open means: the database is away, and asking is answered at once with `unavailable`.
///
/// It opens once no connection is left and reconnecting failed a few times or took long; until then callers wait, so that a
/// lone dropped connection is not seen. It closes with the first connection.
struct Circuit {
  enum Change { case none, opened, closed }

  let failuresToOpen: Int
  /// Nanoseconds without any connection after which it opens, whatever the attempts do.
  let patience: UInt64
  /// Open from the start, but callers may wait: until the first attempts have failed nobody knows better.
  private(set) var isOpen = false
  private var live = 0
  private var failures = 0
  private var downSince: UInt64?

  init(failuresToOpen: Int = 3, patience: UInt64 = 1_000_000_000, now: UInt64) {
    self.failuresToOpen = failuresToOpen
    self.patience = patience
    downSince = now
  }

  /// At least one connection is up.
  var isConnected: Bool { live > 0 }

  mutating func connected() -> Change {
    live += 1
    failures = 0
    downSince = nil
    guard isOpen else { return .none }
    isOpen = false
    return .closed
  }

  /// A connection that was up is gone.
  mutating func lost(now: UInt64) {
    live = max(0, live - 1)
    if live == 0, downSince == nil { downSince = now }
  }

  mutating func connectFailed(now: UInt64) -> Change {
    guard live == 0 else { return .none }
    failures += 1
    return openIfDue(now)
  }

  /// To be asked every now and then: an attempt that hangs is not a failure yet.
  mutating func tick(now: UInt64) -> Change { live == 0 ? openIfDue(now) : .none }

  private mutating func openIfDue(_ now: UInt64) -> Change {
    guard !isOpen, let downSince else { return .none }
    guard failures >= failuresToOpen || now >= downSince.addingReportingOverflow(patience).partialValue else {
      return .none
    }
    isOpen = true
    return .opened
  }
}
