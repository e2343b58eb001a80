package import RPCCore

/// What the calls of a load came to. A loop has one; those of all loops are added up at the end.
package struct LoadRecorder: Sendable {
  /// The most different errors that are told apart.
  package static let errorLimit = 32
  /// What further errors count as.
  package static let otherErrors = "further errors"

  /// Calls that count.
  package private(set) var count = 0
  /// By the number of the status.
  package private(set) var statuses = [Int](repeating: 0, count: StatusCode.allCodes.count)
  /// Calls by what went wrong.
  package private(set) var errors: [String: Int] = [:]
  /// From when a call was due until it ended; in a closed loop from when it was made.
  package private(set) var latencies = LatencyHistogram()
  /// From when a call was made until it ended: in an open loop.
  package private(set) var serviceTimes: LatencyHistogram?
  package private(set) var timeline = Timeline()
  /// Request messages of streams that were sent, and response messages that came.
  package var messages = (sent: 0, received: 0)
  /// Calls that were cut off at the end, and do not count.
  package var cutOff = 0
  /// The longest that a call of an open loop began after it was due, in nanoseconds.
  package private(set) var latest: UInt64 = 0

  package init(isOpenLoop: Bool) { serviceTimes = isOpenLoop ? LatencyHistogram() : nil }

  /// A call as it went.
  package struct Call {
    /// When it was due, when it began and ended, in nanoseconds since the load began.
    package var due: UInt64
    package var began: UInt64
    package var ended: UInt64
    /// Nil: OK.
    package var error: RPCError?

    package init(due: UInt64, began: UInt64, ended: UInt64, error: RPCError? = nil) {
      self.due = due
      self.began = began
      self.ended = ended
      self.error = error
    }
  }

  package mutating func record(_ call: Call, countsErrors: Bool, expectedInterval: UInt64? = nil) {
    count += 1
    statuses[call.error?.code.rawValue ?? 0] += 1
    if let error = call.error {
      let text = "\(error)"
      let isKnown = errors[text] != nil || errors.count < Self.errorLimit
      errors[isKnown ? text : Self.otherErrors, default: 0] += 1
    }
    let latency = call.ended - min(call.due, call.ended)
    let counts = call.error == nil || countsErrors
    timeline.record(at: call.ended, latency: counts ? latency : nil, isError: call.error != nil)
    latest = max(latest, call.began - min(call.due, call.began))
    guard counts else { return }
    latencies.record(latency, expectedInterval: expectedInterval)
    serviceTimes?.record(call.ended - min(call.began, call.ended))
  }

  package mutating func add(_ other: LoadRecorder) {
    count += other.count
    for index in statuses.indices { statuses[index] += other.statuses[index] }
    for (text, count) in other.errors {
      let isKnown = errors[text] != nil || errors.count < Self.errorLimit
      errors[isKnown ? text : Self.otherErrors, default: 0] += count
    }
    latencies.add(other.latencies)
    if let times = other.serviceTimes {
      if serviceTimes == nil { serviceTimes = times } else { serviceTimes?.add(times) }
    }
    timeline.add(other.timeline)
    messages.sent += other.messages.sent
    messages.received += other.messages.received
    cutOff += other.cutOff
    latest = max(latest, other.latest)
  }

  /// Calls that did not end with OK.
  package var failed: Int { count - statuses[0] }
}
