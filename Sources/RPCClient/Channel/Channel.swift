public import EventLoop
public import Logging
public import RPCCore

/// Connections to a service, for its clients.
///
/// ```swift
/// let channel = try Channel("dns:///users.internal:50051")
/// let users = UserServiceClient(channel)
/// let user = try await users.getUser(.with { $0.id = "…" }, options: .with { $0.timeout = .seconds(1) })
/// ```
///
/// It connects when it is first called, and again when connections are lost. A call belongs to the loop on whose thread
/// it is made, and uses that loop's connections, so that a handler that calls another service stays on its loop. Calls
/// from elsewhere use the loops of the channel. Each loop that calls has connections of its own.
///
/// A handler's calls end at the deadline of the call that it serves, and are cancelled with it.
///
/// A channel whose last reference goes finishes the calls that run, and closes its connections. Any thread.
public final class Channel: ClientChannel {
  let core: ChannelCore

  /// - Parameters:
  ///   - target: whom it calls.
  ///   - loops: where calls run that are made outside of event loops; nil: on one loop that all such channels of the
  ///     process share.
  ///   - logger: where the channel logs connections that fail or are lost; by default nowhere.
  /// - Throws: `ChannelError` for a target that is malformed, or if there can be no loop.
  public init(
    _ target: ChannelTarget, configuration: ChannelConfiguration = ChannelConfiguration(),
    loops: EventLoopGroup? = nil,
    logger: Logger = Logger(label: "rpc-client", factory: { _ in SwiftLogNoOpLogHandler() })
  ) throws(ChannelError) {
    core = try ChannelCore(target, configuration, loops, logger)
  }

  deinit { core.close() }

  /// Begins a call. Generated clients do.
  public func makeCall(_ method: MethodDescriptor, _ options: CallOptions) -> any ClientCall {
    core.makeCall(method, options)
  }

  /// Begins to connect, on the loop on which a call would run that is made here, rather than with the first call. It
  /// does not wait, and does nothing if the loop has called before; `connectivity()` tells how it goes.
  public func connect() { core.connect() }

  /// Closes the channel: calls that run are finished, further ones end with UNAVAILABLE.
  public func close() { core.close() }

  /// What the channel could do for a call on each loop that has called so far.
  public func connectivity() async -> [ConnectivityState] { await snapshots().map(\.state) }

  /// What the channel looks like on each loop that has called so far.
  package func snapshots() async -> [ChannelSnapshot] {
    var snapshots: [ChannelSnapshot] = []
    for channel in core.loopChannels() {
      snapshots.append(
        await withUnsafeContinuation { continuation in
          channel.loop.execute { continuation.resume(returning: channel.snapshot) }
        })
    }
    return snapshots
  }
}
