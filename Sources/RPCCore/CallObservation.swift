internal import Primitives

/// The observers of a call, of either end, and what is counted for them. There is one only where somebody observes.
/// Belongs to the call's loop.
package final class CallObservation {
  package let observers: [any CallObserver]
  private let start = MonotonicClock.nanoseconds
  private var incoming = CallSummary.Messages()
  private var outgoing = CallSummary.Messages()

  /// Nil if nobody wants to hear of the call.
  package init?(_ observers: [any CallObserver]) {
    if observers.isEmpty { return nil }
    self.observers = observers
  }

  package func received(size: Int, compressedSize: Int? = nil) {
    let message = Self.add(size, compressedSize, to: &incoming)
    for observer in observers { observer.received(message) }
  }

  package func sent(size: Int, compressedSize: Int? = nil) {
    let message = Self.add(size, compressedSize, to: &outgoing)
    for observer in observers { observer.sent(message) }
  }

  /// To be called once.
  package func ended(_ status: StatusCode) {
    let now = MonotonicClock.nanoseconds
    let summary = CallSummary(
      status: status, duration: .nanoseconds(Int64(clamping: now > start ? now - start : 0)), received: incoming,
      sent: outgoing)
    for observer in observers { observer.ended(summary) }
  }

  private static func add(_ size: Int, _ compressedSize: Int?, to total: inout CallSummary.Messages) -> MessageInfo {
    let message = MessageInfo(index: total.count, size: size, compressedSize: compressedSize)
    total.count += 1
    total.wireSize += message.wireSize
    return message
  }
}
