internal import EventLoop
internal import Primitives
import RPCCore

/// The observers of a call, and what is counted for them. There is one only where somebody observes. Belongs to the
/// call's loop.
final class CallObservation {
  let observers: [any CallObserver]
  private let start = MonotonicClock.nanoseconds
  private var requests = CallSummary.Messages()
  private var responses = CallSummary.Messages()

  /// Nil if no interceptor wants to hear of the call.
  init?(_ interceptors: [any ServerInterceptor], _ start: CallStart) {
    observers = interceptors.compactMap { $0.callStarted(start) }
    if observers.isEmpty { return nil }
  }

  func received(size: Int, compressedSize: Int? = nil) {
    let message = Self.add(size, compressedSize, to: &requests)
    for observer in observers { observer.received(message) }
  }

  func sent(size: Int, compressedSize: Int? = nil) {
    let message = Self.add(size, compressedSize, to: &responses)
    for observer in observers { observer.sent(message) }
  }

  /// To be called once.
  func ended(_ status: StatusCode) {
    let now = MonotonicClock.nanoseconds
    let summary = CallSummary(
      status: status, duration: .nanoseconds(Int64(clamping: now > start ? now - start : 0)), received: requests,
      sent: responses)
    for observer in observers { observer.ended(summary) }
  }

  private static func add(_ size: Int, _ compressedSize: Int?, to total: inout CallSummary.Messages) -> MessageInfo {
    let message = MessageInfo(index: total.count, size: size, compressedSize: compressedSize)
    total.count += 1
    total.wireSize += message.wireSize
    return message
  }
}
