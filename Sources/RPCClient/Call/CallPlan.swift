internal import Primitives
internal import RPCCore
internal import Synchronization

/// How a call is made: its options, with the channel's defaults where they say nothing.
struct CallPlan: Sendable {
  let method: MethodDescriptor
  let record: CallRecord?
  /// Nil: the call may wait for ever.
  let deadline: Deadline?
  let waitsForReady: Bool
  /// Nil: requests are sent as they are.
  let compression: CompressionAlgorithm?
  let maximumRequestSize: Int
  let maximumResponseSize: Int
  /// What is sent with the request, or why the call can't be made.
  let metadata: Result<Metadata, RPCError>

  /// Nil: a call that fails is not tried again.
  let retry: RetryPolicy?

  /// Runs where the call is made.
  init(_ method: MethodDescriptor, _ options: CallOptions, _ core: ChannelCore) {
    let configuration = core.configuration
    let config = configuration.serviceConfig?.method(method)
    self.method = method
    record = options.record
    retry = config?.retry
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
    record = nil
    deadline = nil
    waitsForReady = false
    compression = nil
    maximumRequestSize = .max
    maximumResponseSize = 65_536
    metadata = .success([:])
    retry = nil
  }

  var hasSingleResponse: Bool { method.kind.hasSingleResponse }
}
