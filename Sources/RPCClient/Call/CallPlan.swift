internal import Primitives
internal import RPCCore
internal import Synchronization

/// How a call is made: its options, with the channel's defaults where they say nothing.
struct CallPlan: Sendable {
  let method: MethodDescriptor
  /// When the call was made; 0 where nobody asks.
  private let madeAt: UInt64
  private let saysWhetherToWait: Bool
  private(set) var record: CallRecord?
  /// Nil: the call may wait for ever.
  private(set) var deadline: Deadline?
  private(set) var waitsForReady: Bool
  /// Nil: requests are sent as they are.
  let compression: CompressionAlgorithm?
  private(set) var maximumRequestSize: Int
  private(set) var maximumResponseSize: Int
  /// What is sent with the request, or why the call can't be made.
  let metadata: Result<Metadata, RPCError>

  /// Nil: a call that fails is not tried again.
  private(set) var retry: RetryPolicy?
  /// Nil: a call is sent once at a time.
  private(set) var hedging: HedgingPolicy?

  /// Runs where the call is made.
  init(_ method: MethodDescriptor, _ options: CallOptions, _ core: ChannelCore) {
    let configuration = core.configuration
    // What DNS says comes later: see `adopt`.
    let config = core.published == nil ? configuration.serviceConfig?.method(method) : nil
    madeAt = core.published == nil ? 0 : MonotonicClock.nanoseconds
    saysWhetherToWait = options.waitsForReady != nil
    self.method = method
    record = options.record
    hedging = config?.hedging
    retry = hedging == nil ? config?.retry : nil
    let served = ServedCall.isWanted.load(ordering: .relaxed) ? ServedCall.current : nil
    let own = [options.deadline, options.timeout.map { .after($0) }, served?.deadline].compactMap { $0 }.min()
    let latest = config?.timeout.map { Deadline.after($0) }
    deadline = [own ?? configuration.timeout.map { .after($0) }, latest].compactMap { $0 }.min()
    waitsForReady = options.waitsForReady ?? config?.waitsForReady ?? configuration.waitsForReady
    let compression = options.compression ?? configuration.requestCompression
    self.compression = compression == .identity ? nil : compression
    maximumRequestSize = min(
      options.maximumRequestSize ?? configuration.maximumRequestSize, config?.maximumRequestSize ?? .max)
    maximumResponseSize = min(
      options.maximumResponseSize ?? configuration.maximumResponseSize, config?.maximumResponseSize ?? .max)
    guard let credentials = options.credentials else {
      metadata = .success(options.metadata)
      return
    }
    metadata = Result { () throws(RPCError) in
      guard core.isSecure || !credentials.requireSecurity else {
        throw RPCError(.unauthenticated, "credentials are not sent over a connection without TLS")
      }
      var metadata = try credentials.metadata(for: method)
      metadata.append(contentsOf: options.metadata)
      return metadata
    }
  }

  /// A call of the channel's own: it has no deadline, and is not tried again.
  init(own method: MethodDescriptor) {
    self.method = method
    madeAt = 0
    saysWhetherToWait = true
    record = nil
    deadline = nil
    waitsForReady = false
    compression = nil
    maximumRequestSize = .max
    maximumResponseSize = 65_536
    metadata = .success([:])
    retry = nil
    hedging = nil
  }

  /// The plan of one attempt of a hedged call.
  var attempt: CallPlan {
    var attempt = self
    attempt.record = nil
    attempt.hedging = nil
    return attempt
  }

  /// Takes up what a service config says that was found after the call was made.
  mutating func adopt(_ config: ServiceConfig.Method) {
    if let timeout = config.timeout {
      let latest = Deadline(nanoseconds: madeAt.saturatingAdd(timeout.clampedNanoseconds))
      deadline = min(deadline ?? latest, latest)
    }
    if !saysWhetherToWait, let waits = config.waitsForReady { waitsForReady = waits }
    maximumRequestSize = min(maximumRequestSize, config.maximumRequestSize ?? .max)
    maximumResponseSize = min(maximumResponseSize, config.maximumResponseSize ?? .max)
    retry = config.retry
  }

  var hasSingleResponse: Bool { method.kind.hasSingleResponse }
}
