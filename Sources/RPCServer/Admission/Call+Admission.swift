internal import EventLoop
internal import Primitives
import RPCCore

/// Admits a call, or refuses it.
extension Call {
  /// Counts the call as running, or refuses it if a limit is reached.
  /// - Returns: its slot; nil if it was refused.
  func admit(_ route: Route) -> AdmissionSlot? {
    guard connection.runningHandlers < limits.maximumRunningHandlers else {
      refuse(.resourceExhausted, "too many calls of this connection are running")
      return nil
    }
    guard hasMemory(isEssential: route.callClass == CallClasses.essential) else { return nil }
    switch connection.owner.admission.begin(route.callClass) {
    case nil:
      connection.runningHandlers += 1
      return AdmissionSlot(callClass: route.callClass, startedAt: route.tracksLatency ? loop.now : nil)
    case .server: refuse(.unavailable, "the server's limit of running calls is reached")
    case .callClass(let name): refuse(.unavailable, "the limit of running calls of the class \(name) is reached")
    }
    return nil
  }

  /// Refuses the call before its handler runs, so it is safe to retry. A random retry delay keeps refused clients from
  /// returning at the same time.
  /// https://github.com/grpc/proposal/blob/master/A6-client-retries.md#pushback
  func refuse(_ code: StatusCode, _ message: String) {
    let delay = configuration.retryDelay * Double.random(in: 0.5...1.5)
    let milliseconds = min(delay.clampedNanoseconds / 1_000_000, UInt64(Int32.max))
    refuse(
      RPCError(code, message, details: [.retryInfo(delay: delay)]),
      extra: [("grpc-retry-pushback-ms", String(milliseconds))])
  }
}

extension Connection {
  /// Ends a call whose handler has returned.
  func giveBack(_ slot: consuming AdmissionSlot) {
    runningHandlers -= 1
    owner.admission.end(slot.callClass, startedAt: slot.startedAt, now: MonotonicClock.nanoseconds)
    slot.giveBack()
  }
}
