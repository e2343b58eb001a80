package import RPCClient
package import RPCDynamic

/// What a load is to be.
package struct LoadPlan: Sendable {
  /// What happens to the calls that run when the time is over.
  package enum AtEnd: String, Sendable, CaseIterable {
    /// They are finished, and count.
    case wait
    /// They are cancelled, and count as CANCELLED.
    case close
    /// They are cancelled, and do not count.
    case ignore
  }

  /// What is called, and with what.
  package var requests: LoadRequests
  /// Whom to call.
  package var target: ChannelTarget
  /// How connections are made.
  package var configuration: ChannelConfiguration
  /// Connections, at least 1. The loops share them out.
  package var connections = 1
  /// The most calls that run at once, at least 1.
  package var concurrency = 50
  /// How many calls; nil: until the time is over.
  package var total: Int?
  /// Nanoseconds after which no further call begins; nil: none.
  package var duration: UInt64?
  /// Nanoseconds of load whose calls do not count.
  package var warmUp: UInt64 = 0
  /// When calls are due; nil: each worker makes a call as soon as its last one has ended (closed loop).
  package var schedule: LoadSchedule?
  /// Nanoseconds that a call may take; 0: any.
  package var timeout: UInt64 = 20_000_000_000
  package var atEnd = AtEnd.wait
  /// Whether calls that fail count among the latencies.
  package var countsErrors = false
  /// Messages that a call with a stream of requests sends; nil: as many as the data has.
  package var streamCount: Int?
  /// Nanoseconds between them.
  package var streamInterval: UInt64 = 0
  /// Nanoseconds between the calls of a worker of a closed loop, as they should be: a call that takes longer counts as
  /// the calls too that it kept from being made.
  package var expectedInterval: UInt64?

  package init(requests: LoadRequests, target: ChannelTarget, configuration: ChannelConfiguration) {
    self.requests = requests
    self.target = target
    self.configuration = configuration
  }

  package var method: DynamicMethod { requests.method }
}
