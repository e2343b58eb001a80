internal import Primitives

/// Lets as many calls run at a time as a channel may have, and the others wait in their order. Pure.
struct CallGateMachine<Call> {
  enum Answer: Equatable {
    case go
    /// The call waits; the number is for `abandoned`.
    case wait(UInt64)
    case refuse
  }

  let limit: Int
  let queueLimit: Int
  private(set) var running = 0
  private var queue = Ring<(ticket: UInt64, call: Call)>()
  /// The tickets of the queue that were not given up.
  private var tickets: Set<UInt64> = []
  private var nextTicket: UInt64 = 0

  init(limit: Int, queueLimit: Int) {
    self.limit = max(limit, 1)
    self.queueLimit = max(queueLimit, 0)
  }

  var waiting: Int { tickets.count }

  mutating func enter(_ call: Call) -> Answer {
    if running < limit {
      running += 1
      return .go
    }
    guard tickets.count < queueLimit else { return .refuse }
    nextTicket += 1
    tickets.insert(nextTicket)
    queue.append((nextTicket, call))
    return .wait(nextTicket)
  }

  /// A call that ran has ended.
  /// - Returns: the call that runs in its place.
  mutating func left() -> Call? {
    running -= 1
    while let next = queue.popFirst() {
      guard tickets.remove(next.ticket) != nil else { continue }
      running += 1
      return next.call
    }
    return nil
  }

  /// A call that waited has ended.
  /// - Returns: false: it was let go before, so `left` is due.
  mutating func abandoned(_ ticket: UInt64) -> Bool {
    guard tickets.remove(ticket) != nil else { return false }
    // Those that gave up are dropped now and then, so that a server that is slow for long costs no memory.
    if queue.count > 2 * tickets.count + 64 { queue.filter { tickets.contains($0.ticket) } }
    return true
  }
}
