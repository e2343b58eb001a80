internal import Primitives

/// The last events of a channel or a subchannel on a loop, for diagnostics: a bounded number.
package struct DiagnosticTrace: Sendable {
  /// Something that happened.
  package struct Event: Sendable {
    /// Whether somebody should look at it.
    package enum Severity: Sendable { case info, warning }

    package let severity: Severity
    package let text: String
    /// CLOCK_MONOTONIC in nanoseconds.
    package let time: UInt64
    /// The subchannel that it is about; nil: it is about the channel.
    package let subchannel: Int64?
  }

  /// The most events that are kept: the latest ones.
  package static let limit = 32
  /// The longest text; what servers say may be longer.
  private static let textLimit = 200

  /// CLOCK_MONOTONIC in nanoseconds.
  package let created = MonotonicClock.nanoseconds
  /// All events, those too that are no longer kept.
  package private(set) var count = 0
  package private(set) var events: [Event] = []

  mutating func add(_ severity: Event.Severity, _ text: String, subchannel: Int64? = nil) {
    count += 1
    if events.count == Self.limit { events.removeFirst() }
    events.append(
      Event(
        severity: severity, text: String(text.prefix(Self.textLimit)), time: MonotonicClock.nanoseconds,
        subchannel: subchannel))
  }
}
