internal import Primitives

/// The observers of a call, of either end, and what is counted for them. There is one only where somebody observes.
/// Belongs to the call's loop.
package final class CallObservation {
  package let observers: [any CallObserver]
  /// Of the call, where this is about one of several attempts that run at once; nil: this is about the call itself.
  private let call: CallObservation?
  /// Whether the call's request messages are noted here: the attempt is the one that serves the caller.
  package var servesCaller = false
  private var attempts = 0
  private var attempt: CallAttempt?
  private let start = MonotonicClock.nanoseconds
  private var incoming = CallSummary.Messages()
  private var outgoing = CallSummary.Messages()
  /// When the attempt began that runs; nil: none does. And whether a connection has taken it.
  private var attemptStart: UInt64?
  private var isAttemptSent = false

  /// Nil if nobody wants to hear of the call.
  package init?(_ observers: [any CallObserver]) {
    if observers.isEmpty { return nil }
    self.observers = observers
    call = nil
  }

  /// For one attempt of a call that has several at once. Its observers are told of attempts, and of the messages of the
  /// one that serves the caller.
  package init(attemptOf call: CallObservation) {
    observers = call.observers
    self.call = call
  }

  package func received(size: Int, compressedSize: Int? = nil) {
    let message = Self.add(size, compressedSize, to: &incoming)
    if let call { return call.received(size: size, compressedSize: compressedSize) }
    for observer in observers { observer.received(message) }
  }

  package func sent(size: Int, compressedSize: Int? = nil) {
    let message = Self.add(size, compressedSize, to: &outgoing)
    if let call {
      if servesCaller { call.sent(size: size, compressedSize: compressedSize) }
      return
    }
    for observer in observers { observer.sent(message) }
  }

  // MARK: Attempts of a client

  /// - Returns: what the observers add to the request.
  package func attemptStarted(previousAttempts: Int, isTransparentRetry: Bool) -> Metadata {
    let root = call ?? self
    let attempt = CallAttempt(
      number: root.attempts, previousAttempts: previousAttempts, isTransparentRetry: isTransparentRetry)
    root.attempts += 1
    self.attempt = attempt
    attemptStart = MonotonicClock.nanoseconds
    isAttemptSent = false
    var metadata = Metadata()
    for observer in observers { metadata.append(contentsOf: observer.attemptStarted(attempt)) }
    return metadata
  }

  /// A connection takes the attempt: with it go all messages that were written so far, and those that follow.
  package func attemptSent() { isAttemptSent = true }

  /// Does nothing if no attempt runs.
  package func attemptEnded(_ status: StatusCode) {
    guard let start = attemptStart, let attempt else { return }
    attemptStart = nil
    let summary = AttemptSummary(
      attempt: attempt, status: status, duration: Self.duration(since: start),
      sentSize: isAttemptSent ? outgoing.wireSize : 0,
      receivedSize: incoming.wireSize)
    for observer in observers { observer.attemptEnded(summary) }
  }

  // MARK: The end

  /// To be called once.
  package func ended(_ status: StatusCode) {
    attemptEnded(status)
    guard call == nil else { return }
    let summary = CallSummary(
      status: status, duration: Self.duration(since: start), received: incoming, sent: outgoing)
    for observer in observers { observer.ended(summary) }
  }

  private static func duration(since start: UInt64) -> Duration {
    let now = MonotonicClock.nanoseconds
    return .nanoseconds(Int64(clamping: now > start ? now - start : 0))
  }

  private static func add(_ size: Int, _ compressedSize: Int?, to total: inout CallSummary.Messages) -> MessageInfo {
    let message = MessageInfo(index: total.count, size: size, compressedSize: compressedSize)
    total.count += 1
    total.wireSize += message.wireSize
    return message
  }
}
