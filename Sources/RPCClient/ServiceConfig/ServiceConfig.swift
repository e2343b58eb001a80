internal import ProtoWire
internal import RPCCore

/// What the owner of a service tells its clients: how to balance, and how to make the calls of each method.
/// https://github.com/grpc/grpc/blob/master/doc/service_config.md
///
/// ```swift
/// let config = try ServiceConfig(json: """
///   {"methodConfig": [{
///     "name": [{"service": "users.v1.UserService"}],
///     "timeout": "2s",
///     "retryPolicy": {
///       "maxAttempts": 3, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2,
///       "retryableStatusCodes": ["UNAVAILABLE"]
///     }
///   }]}
///   """)
/// let channel = try Channel("dns:///users.internal:50051", configuration: .with { $0.serviceConfig = config })
/// ```
public struct ServiceConfig: Sendable {
  /// How the calls of a method, or of several, are made. What `CallOptions` say comes first.
  public struct Method: Sendable, Hashable {
    /// The longest timeout of a call.
    public var timeout: Duration?
    /// See `CallOptions.waitsForReady`.
    public var waitsForReady: Bool?
    /// The largest request message, in bytes, whatever the options say.
    public var maximumRequestSize: Int?
    /// The largest response message, in bytes, whatever the options say.
    public var maximumResponseSize: Int?
    /// Which failed calls are tried again; nil: none.
    public var retry: RetryPolicy?
    /// How calls are sent several times without waiting for an answer; nil: they are not. It comes before `retry`.
    public var hedging: HedgingPolicy?

    /// Says nothing.
    public init() {}
  }

  /// How calls are spread over addresses; nil: as `ChannelConfiguration.balancing` says.
  public var balancing: LoadBalancing?
  /// Whose health servers are asked for; nil: as `ChannelConfiguration.healthService` says.
  public var healthService: String?
  /// When retries stop; nil: they don't.
  public var retryThrottling: RetryThrottling?
  /// By "package.Service/Method", "package.Service" for all of its methods, or "" for all. The most special counts.
  public var methods: [String: Method] = [:]

  /// Says nothing.
  public init() {}

  /// Reads the JSON form. Fields that the client does not heed are ignored, as gRPC has it.
  /// - Throws: `ChannelError` that says what is wrong.
  public init(json: String) throws(ChannelError) {
    try self.init(try Self.read(json) as Grpc_ServiceConfig_ServiceConfig)
  }

  static func read<Message: WireMessage>(_ json: String) throws(ChannelError) -> Message {
    do {
      return try Message(json: json, Self.transcoder.get())
    } catch {
      throw ChannelError(description: "the service config can't be read: \(error)")
    }
  }

  init(_ message: Grpc_ServiceConfig_ServiceConfig) throws(ChannelError) {
    balancing = try Self.balancing(message)
    healthService = message.healthCheckConfig?.serviceName?.value
    if let throttling = message.retryThrottling {
      guard (1...1000).contains(throttling.maxTokens), throttling.tokenRatio > 0 else {
        throw Self.error("retryThrottling needs maxTokens from 1 to 1000 and a tokenRatio above 0")
      }
      retryThrottling = RetryThrottling(
        maximumTokens: Int(throttling.maxTokens), tokenRatio: Double(throttling.tokenRatio))
    }
    for config in message.methodConfig {
      let method = try Self.method(config)
      for name in config.name {
        let key = try Self.key(name)
        guard methods.updateValue(method, forKey: key) == nil else {
          throw Self.error("two methodConfigs are for \(key.isEmpty ? "all methods" : key)")
        }
      }
    }
  }

  private static let transcoder = Result {
    JSONTranscoder(
      pool: try DescriptorPool(files: [.grpc_service_config_service_config]),
      options: .with { $0.ignoresUnknownFields = true })
  }

  /// What is said of a method; nil if nothing is.
  func method(_ descriptor: MethodDescriptor) -> Method? {
    methods[descriptor.description] ?? methods[descriptor.service] ?? methods[""]
  }

  static func error(_ text: String) -> ChannelError {
    ChannelError(description: "the service config is invalid: \(text)")
  }

  private static func key(_ name: Grpc_ServiceConfig_MethodConfig.Name) throws(ChannelError) -> String {
    guard !name.service.isEmpty || name.method.isEmpty else {
      throw error("the method \(name.method) has no service")
    }
    return name.method.isEmpty ? name.service : "\(name.service)/\(name.method)"
  }

  private static func method(_ config: Grpc_ServiceConfig_MethodConfig) throws(ChannelError) -> Method {
    var method = Method()
    method.timeout = config.timeout.map(Duration.init)
    if let timeout = method.timeout, timeout <= .zero { throw error("a timeout is not above 0") }
    method.waitsForReady = config.waitForReady?.value
    method.maximumRequestSize = config.maxRequestMessageBytes.map { Int($0.value) }
    method.maximumResponseSize = config.maxResponseMessageBytes.map { Int($0.value) }
    method.retry = try config.retryPolicy.map(policy)
    method.hedging = try config.hedgingPolicy.map(policy)
    return method
  }

  private static func codes(_ codes: [Google_Rpc_Code]) -> [StatusCode] {
    codes.compactMap { StatusCode(rawValue: Int($0.rawValue)) }
  }

  private static func policy(
    _ message: Grpc_ServiceConfig_MethodConfig.HedgingPolicy
  ) throws(ChannelError) -> HedgingPolicy {
    let codes = codes(message.nonFatalStatusCodes)
    let policy = HedgingPolicy(
      maximumAttempts: Int(message.maxAttempts), delay: message.hedgingDelay.map(Duration.init) ?? .zero,
      nonFatalCodes: Set(codes))
    guard policy.maximumAttempts >= 2 else { throw error("hedgingPolicy needs maxAttempts of 2 or more") }
    guard policy.delay >= .zero else { throw error("hedgingPolicy has a hedgingDelay below 0") }
    guard codes.count == message.nonFatalStatusCodes.count, !codes.contains(.ok) else {
      throw error("hedgingPolicy has nonFatalStatusCodes that are none, or OK")
    }
    return policy
  }

  private static func policy(
    _ message: Grpc_ServiceConfig_MethodConfig.RetryPolicy
  ) throws(ChannelError) -> RetryPolicy {
    let codes = codes(message.retryableStatusCodes)
    let policy = RetryPolicy(
      maximumAttempts: Int(message.maxAttempts), initialBackoff: message.initialBackoff.map(Duration.init) ?? .zero,
      maximumBackoff: message.maxBackoff.map(Duration.init) ?? .zero, multiplier: Double(message.backoffMultiplier),
      codes: Set(codes))
    guard policy.maximumAttempts >= 2 else { throw error("retryPolicy needs maxAttempts of 2 or more") }
    guard policy.initialBackoff > .zero, policy.maximumBackoff > .zero, policy.multiplier > 0 else {
      throw error("retryPolicy needs initialBackoff, maxBackoff and backoffMultiplier above 0")
    }
    guard !codes.isEmpty, codes.count == message.retryableStatusCodes.count, !codes.contains(.ok) else {
      throw error("retryPolicy needs retryableStatusCodes, without OK")
    }
    return policy
  }
}

extension Duration {
  init(_ message: Google_Protobuf_Duration) {
    self = .seconds(message.seconds) + .nanoseconds(Int64(message.nanos))
  }
}
