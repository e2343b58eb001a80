internal import EventLoop
import RPCCore

/// Whether a call may run, and what those are told that may not.
extension Call {
  /// Counts the call in; refuses it where it is one too many.
  func admit(_ route: Route) -> AdmissionSlot? {
    guard connection.runningHandlers < limits.maximumRunningHandlers else {
      refuse(.resourceExhausted, "too many calls of this connection are running")
      return nil
    }
    guard hasMemory(isEssential: route.callClass == CallClasses.essential) else { return nil }
    switch connection.owner.admission.begin(route.callClass) {
    case nil:
      connection.runningHandlers += 1
      return AdmissionSlot(callClass: route.callClass, startedAt: route.hasTellingLatency ? loop.now : nil)
    case .server: refuse(.unavailable, "the server runs as many calls as it can")
    case .callClass(let name): refuse(.unavailable, "the server runs as many calls of the class \(name) as it can")
    }
    return nil
  }

  /// Nothing of the call was done: it can be tried again, but not at once, and not by everybody at the same time.
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
  /// Counts a call out whose handler has returned.
  func giveBack(_ slot: consuming AdmissionSlot) {
    runningHandlers -= 1
    owner.admission.end(slot.callClass, startedAt: slot.startedAt, now: MonotonicClock.nanoseconds)
    slot.giveBack()
  }
}
