/// Budgets for what costs a peer little and us much. When one is spent, the connection is told to calm down and closed.
///
/// They refill with time and with honest work, and never count a connection's whole life: a client that cancels many of
/// its calls is no attacker (h2#856). Pure: the time is handed in. docs/limits.md explains each number.
struct AbuseGuard {
  /// A budget that refills with time. The usual charge is a comparison and a subtraction: only one that looks spent
  /// asks how much time has passed.
  struct Budget {
    let capacity: Int
    let perSecond: Int
    private var left: Int
    private var refilledAt: UInt64

    init(capacity: Int, perSecond: Int, now: UInt64) {
      self.capacity = capacity
      self.perSecond = perSecond
      left = capacity
      refilledAt = now
    }

    /// False, and nothing is charged, when it is spent.
    mutating func take(_ cost: Int = 1, now: UInt64) -> Bool {
      if left < cost { refill(now) }
      guard left >= cost else { return false }
      left -= cost
      return true
    }

    private mutating func refill(_ now: UInt64) {
      let seconds = Double(now > refilledAt ? now - refilledAt : 0) / 1e9
      refilledAt = now
      left = min(left + Int(min(seconds * Double(perSecond), Double(capacity))), capacity)
    }

    mutating func giveBack(_ amount: Int = 1) { left = min(left + amount, capacity) }
  }

  /// Streams that the peer reset before they were answered: CVE-2023-44487, rapid reset.
  private var resets: Budget
  /// Streams that we had to reset for what the peer sent: CVE-2025-8671, made you reset.
  private var provoked: Budget
  /// PING, SETTINGS, PRIORITY and WINDOW_UPDATE frames, those of unknown types, and those on closed streams that
  /// `lateBytes` does not cover.
  private var control: Budget
  /// DATA frames with next to nothing in them.
  private var smallData: Budget
  /// Bytes of DATA that the peer may have been sending on streams when we ended them: no more than their windows.
  private var lateBytes = 0
  private let streamWindow: Int
  private let connectionWindow: Int
  /// Why the connection must end: the debug data of GOAWAY, for the people who run the peer.
  private(set) var verdict: StaticString?

  /// A DATA frame with fewer bytes is small, unless it ends its stream.
  static let smallFrame = 16

  init(streamWindow: Int, connectionWindow: Int, now: UInt64) {
    self.streamWindow = streamWindow
    self.connectionWindow = connectionWindow
    resets = Budget(capacity: 1000, perSecond: 100, now: now)
    provoked = Budget(capacity: 100, perSecond: 10, now: now)
    control = Budget(capacity: 5000, perSecond: 500, now: now)
    smallData = Budget(capacity: 10_000, perSecond: 1000, now: now)
  }

  mutating func peerReset(now: UInt64) {
    if !resets.take(now: now) { verdict = verdict ?? "too many streams were reset" }
  }

  mutating func provokedReset(now: UInt64) {
    if !provoked.take(now: now) { verdict = verdict ?? "too many streams were in error" }
  }

  mutating func controlFrame(now: UInt64) {
    if !control.take(now: now) { verdict = verdict ?? "too many control frames" }
  }

  mutating func smallDataFrame(now: UInt64) {
    if !smallData.take(now: now) { verdict = verdict ?? "too many small DATA frames" }
  }

  /// We ended a stream on which the peer may have been sending.
  mutating func endedEarly() { lateBytes = min(lateBytes + streamWindow, connectionWindow) }

  /// A frame came on a stream that is closed, but not by the peer as far as is known.
  /// - Parameter length: of DATA, which honest peers send within their windows; 0 for other frames.
  mutating func lateFrame(_ length: Int, now: UInt64) {
    if length > 0, length <= lateBytes {
      lateBytes -= length
    } else if !control.take(now: now) {
      verdict = verdict ?? "too many frames on closed streams"
    }
  }

  /// The peer broke a rule that other code checks.
  mutating func condemn(_ reason: StaticString) { verdict = verdict ?? reason }

  /// A stream came to its regular end.
  mutating func streamCompleted() { resets.giveBack() }

  /// A message was put together: however small its frames were, they carried something.
  mutating func messageArrived() { smallData.giveBack() }

  /// A DATA frame was sent, for which the peer may owe us two WINDOW_UPDATE frames.
  mutating func dataSent() { control.giveBack(2) }
}
