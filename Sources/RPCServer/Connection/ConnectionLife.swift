internal import HTTP
internal import Primitives
internal import RPCCore

/// Decides when a connection is pinged, drained or closed as time passes. Pure: its driver shows it the connection now
/// and then, and does what it says.
struct ConnectionLife {
  /// What there is to see. Times are CLOCK_MONOTONIC in nanoseconds.
  struct Snapshot {
    var now: UInt64
    var lastReceived: UInt64
    var hasSettings = true
    /// When the header section began that is not complete.
    var headersSince: UInt64?
    /// When the peer's socket last took something of what still waits.
    var stalledSince: UInt64?
    /// Since when there is no call.
    var idleSince: UInt64?
  }

  enum Verdict: Equatable {
    case goOn
    /// Ask whether the peer is there.
    case ping
    /// Finish what runs, take nothing new.
    case drain
    /// Say GOAWAY with this, and close.
    case fail(HTTP2ErrorCode, StaticString)
    /// Nobody listens, or nobody may any more: close at once.
    case close(StaticString)

    static func == (left: Verdict, right: Verdict) -> Bool {
      switch (left, right) {
      case (.goOn, .goOn), (.ping, .ping), (.drain, .drain): true
      case (.fail(let code, let reason), .fail(let other, let otherReason)):
        code == other && "\(reason)" == "\(otherReason)"
      case (.close(let reason), .close(let other)): "\(reason)" == "\(other)"
      default: false
      }
    }
  }

  private let limits: LifeLimits
  private let start: UInt64
  private let age: UInt64?
  private var keepAlive: KeepAlive
  private var hasFailed = false
  private var isDraining = false
  /// When the connection became too old.
  private var agedAt: UInt64?

  /// - Parameter jitter: from -1 to 1; moves the greatest age by a tenth at most.
  init(_ limits: LifeLimits, start: UInt64, jitter: Double) {
    self.limits = limits
    self.start = start
    age = limits.age.map { age in age &+ UInt64(bitPattern: Int64(Double(age / 10) * max(-1, min(1, jitter)))) }
    keepAlive = KeepAlive(interval: limits.keepAliveInterval, timeout: limits.keepAliveTimeout)
  }

  mutating func check(_ snapshot: Snapshot) -> Verdict {
    let now = snapshot.now
    // The client had until now to read the GOAWAY.
    if hasFailed { return .close("the client did not read why its connection ends") }
    if let stalled = snapshot.stalledSince {
      if now.isPast(stalled, by: limits.writeStall) { return .close("the client does not read") }
    } else {
      // A PING behind output that waits would measure the output.
      switch keepAlive.check(now: now, lastReceived: snapshot.lastReceived) {
      case .none: break
      case .ping: return .ping
      case .giveUp: return .close("the client did not answer a PING")
      }
    }
    if !snapshot.hasSettings, now.isPast(start, by: limits.handshake) {
      return fail(.settingsTimeout, "no SETTINGS came in time")
    }
    if let headers = snapshot.headersSince, now.isPast(headers, by: limits.header) {
      return fail(.enhanceYourCalm, "a header section was not completed in time")
    }
    return checkEnd(snapshot)
  }

  private mutating func checkEnd(_ snapshot: Snapshot) -> Verdict {
    let now = snapshot.now
    if let agedAt { return now.isPast(agedAt, by: limits.ageGrace) ? .close("its calls outlived its age") : .goOn }
    if now.isPast(start, by: age) {
      agedAt = now
    } else if isDraining {
      return .goOn
    } else {
      guard let idle = snapshot.idleSince, now.isPast(idle, by: limits.idle) else { return .goOn }
    }
    isDraining = true
    return .drain
  }

  private mutating func fail(_ code: HTTP2ErrorCode, _ reason: StaticString) -> Verdict {
    hasFailed = true
    return .fail(code, reason)
  }
}
