internal import EventLoop
internal import Logging
internal import Primitives
internal import RPCCore
internal import Synchronization
internal import Transport

/// What the loops of a channel share. Any thread.
final class ChannelCore: Sendable {
  /// The loop for calls that are made outside of event loops, of channels that were given none.
  private static let shared: Result<EventLoopGroup, EventLoopError> = Result { () throws(EventLoopError) in
    try EventLoopGroup(count: 1, name: "rpc-client")
  }

  private struct State {
    var channels: [ObjectIdentifier: LoopChannel] = [:]
    var isClosed = false
  }

  let id = DiagnosticID.next()
  let configuration: ChannelConfiguration
  let resolver: any TargetResolver
  let authority: String
  /// The host that the server's certificate must be for.
  let host: String
  /// Whether credentials may be sent: over TLS, or to a Unix socket.
  let isSecure: Bool
  /// Nil: what secures connections never changes.
  let credentials: RenewingCredentials?
  let logger: Logger
  let connector: Connector
  private let isStatic: Bool
  /// Nil: the service config is that of the configuration.
  let published: PublishedConfig?
  /// Nil: any number of calls may run.
  let gate: CallGate?
  /// Nil: retries are not throttled.
  private let ownThrottle: RetryThrottle?
  private let loops: EventLoopGroup
  private let turn = Atomic(0)
  private let state = Mutex(State())

  init(
    _ target: ChannelTarget, _ configuration: ChannelConfiguration, _ loops: EventLoopGroup?, _ logger: Logger
  ) throws(ChannelError) {
    switch target.contents {
    case .malformed(let reason): throw ChannelError(description: reason)
    case .resolver(let resolver): self.resolver = resolver
    }
    if let loops {
      self.loops = loops
    } else {
      do throws(EventLoopError) {
        self.loops = try Self.shared.get()
      } catch {
        throw ChannelError(description: "there is no event loop: \(error)")
      }
    }
    self.configuration = configuration
    credentials = configuration.tlsCredentials.map { RenewingCredentials($0, logger) }
    self.logger = logger
    authority = configuration.authority ?? target.authority
    host = ChannelTarget.host(of: authority)
    isSecure = configuration.usesTLS || target.isLocal
    connector = Connector(resolver: HostResolver.names, attemptTimeout: configuration.connectTimeout)
    isStatic = target.isStatic
    let host = (resolver as? HostResolver)?.host
    published = (configuration.looksUpServiceConfig ? host : nil).map {
      PublishedConfig(
        of: $0, fallback: configuration.serviceConfig ?? ServiceConfig(), lookUp: configuration.textLookUp)
    }
    gate = configuration.maximumConcurrentCalls.map {
      CallGate(limit: $0, queueLimit: configuration.maximumQueuedCalls)
    }
    ownThrottle = configuration.serviceConfig?.retryThrottling.map(RetryThrottle.init)
    ServedCall.isWanted.store(true, ordering: .relaxed)
    ChannelRegistry.add(self)
  }

  deinit { ChannelRegistry.remove(id) }

  var throttle: RetryThrottle? { published == nil ? ownThrottle : published?.current?.throttle }

  /// Whose health is watched; nil: no server's.
  var healthService: String? { serviceConfig?.healthService ?? configuration.healthService }

  private var serviceConfig: ServiceConfig? { published?.current?.config ?? configuration.serviceConfig }

  var machineSettings: ChannelMachine.Settings {
    ChannelMachine.Settings(
      balancing: serviceConfig?.balancing ?? configuration.balancing, backoff: configuration.backoff,
      attemptDelay: min(max(configuration.connectionAttemptDelay, .milliseconds(100)), .seconds(2)).clampedNanoseconds,
      isStatic: isStatic, checksHealth: healthService != nil)
  }

  /// Nil: connections are cleartext.
  var tls: TLSClientContext? { credentials?.context ?? configuration.tls }

  func makeCall(_ method: MethodDescriptor, _ options: CallOptions) -> any ClientCall {
    var options = options
    let observers = configuration.interceptors.compactMap { $0.callStarted(method, &options) }
    let plan = CallPlan(method, options, self)
    let loop = EventLoop.current ?? nextLoop()
    let channel = loopChannel(on: loop)
    if let hedging = plan.hedging {
      let call = HedgedCall(plan, hedging, observers, on: channel)
      if loop.isCurrent { call.start() } else { loop.execute { call.start() } }
      return call
    }
    let call = OutgoingCall(plan, observation: CallObservation(observers), on: channel)
    if loop.isCurrent { call.start() } else { loop.execute { call.start() } }
    return call
  }

  func connect() {
    let loop = EventLoop.current ?? nextLoop()
    let channel = loopChannel(on: loop)
    if loop.isCurrent { channel.connect() } else { loop.execute { channel.connect() } }
  }

  private func nextLoop() -> EventLoop {
    let all = loops.loops
    guard all.count > 1 else { return all[0] }
    return all[Int(UInt(bitPattern: turn.wrappingAdd(1, ordering: .relaxed).newValue) % UInt(all.count))]
  }

  /// The part of the channel on a loop. If the channel is closed, this part refuses calls.
  private func loopChannel(on loop: EventLoop) -> LoopChannel {
    state.withLock { state in
      if let found = state.channels[ObjectIdentifier(loop)] { return found }
      let made = LoopChannel(self, on: loop, isClosed: state.isClosed)
      if !state.isClosed { state.channels[ObjectIdentifier(loop)] = made }
      return made
    }
  }

  func loopChannels() -> [LoopChannel] { state.withLock { Array($0.channels.values) } }

  func close() {
    ChannelRegistry.remove(id)
    let channels = state.withLock { state in
      state.isClosed = true
      defer { state.channels = [:] }
      return state.channels
    }
    for channel in channels.values { channel.loop.execute { channel.close() } }
  }
}
