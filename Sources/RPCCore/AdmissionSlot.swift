/// A call's place among those that run: made when it is let in, and given back when its handler has returned.
package struct AdmissionSlot: ~Copyable {
  /// The number of its class of calls.
  package let callClass: Int
  /// When it was let in, in nanoseconds of CLOCK_MONOTONIC; nil if its duration says nothing about the load.
  package let startedAt: UInt64?

  package init(callClass: Int, startedAt: UInt64?) {
    self.callClass = callClass
    self.startedAt = startedAt
  }

  /// It is given back.
  package consuming func giveBack() { discard self }

  deinit { assertionFailure("the slot of a call was dropped: it counts as running for ever") }
}
