internal import HTTP
public import RPCCore
public import Transport

/// How a channel connects, and the defaults of its calls.
public struct ChannelConfiguration: Sendable {
  /// What is spoken over the connections: gRPC, or gRPC-Web.
  public var `protocol` = ChannelProtocol.grpc

  // MARK: Connections

  /// Whom the client trusts, and what it shows, for TLS with ALPN `h2`; nil for HTTP/2 over cleartext (h2c, prior
  /// knowledge). The server's certificate must be for the host of the authority.
  public var tls: TLSClientContext?
  /// The same, from files that may be renewed while the channel is used: before a connection is opened, the channel
  /// looks whether they have changed, at most once a second. Files that can't be used never replace those that can: the
  /// log tells of them. It comes before `tls`.
  public var tlsCredentials: TLSClientCredentials?
  /// What calls name as their `:authority`, in place of the target's host and port. With TLS, the certificate must be
  /// for its host.
  public var authority: String?
  /// How calls are spread over the addresses of the target.
  public var balancing = LoadBalancing.pickFirst
  /// What the owner of the service says about balancing, retries and each method; nil: nothing. Its balancing replaces
  /// `balancing`.
  public var serviceConfig: ServiceConfig?
  /// Whether the channel looks for a service config in DNS, for targets of `dns:`: the TXT records of
  /// `_grpc_config.HOST`, whenever it resolves the target. What it finds there takes the place of `serviceConfig`,
  /// which counts where there is none, or none that can be read. Calls wait for the first look-up; a limit of request
  /// messages from there holds for those that are written afterwards.
  /// https://github.com/grpc/proposal/blob/master/A2-service-configs-in-dns.md
  public var looksUpServiceConfig = false
  /// How TXT records are looked up; nil: by the system's name servers. For tests.
  var textLookUp: PublishedConfig.LookUp?
  /// How long an attempt to connect may take: TCP, TLS and HTTP/2 together.
  public var connectTimeout: Duration = .seconds(20)
  /// How long pick_first waits for one address to accept before it tries the next one as well, 100 ms to 2 s.
  /// https://www.rfc-editor.org/rfc/rfc8305#section-5
  public var connectionAttemptDelay: Duration = .milliseconds(250)
  /// Whose health servers are asked for (grpc.health.v1.Health/Watch); "": of the whole server; nil: none are. A server
  /// that does not serve gets no calls. It is for policies other than pick_first. The service config's comes first.
  /// https://github.com/grpc/proposal/blob/master/A17-client-side-health-checking.md
  public var healthService: String?
  /// How long the channel waits after an attempt that failed.
  public var backoff = ConnectionBackoff()
  /// After so long without calls, the channel closes its connections until the next call; nil: never.
  public var idleTimeout: Duration? = .seconds(1800)
  /// Connections to one address from one loop. A further one is opened when the server takes no more calls on the
  /// others (SETTINGS_MAX_CONCURRENT_STREAMS).
  public var maximumConnections = 4
  /// When the channel sends PINGs to a silent server; by default never.
  public var keepAlive = KeepAlivePolicy()
  /// Bytes of one response that may be under way before they are read.
  public var streamWindow: Int32 = 262_144
  /// Bytes of all responses of a connection that may be under way.
  public var connectionWindow: Int32 = 1_048_576
  /// Bytes of a response's header section or trailers, counted as RFC 9113, section 6.5.2 does.
  public var headerLimit = 16_384
  /// The `user-agent` of calls.
  public var userAgent = "grpc-swift-nghttp2/1"

  // MARK: Calls

  /// The interceptors that see every call, and may change it, in this order.
  public var interceptors: [any ClientInterceptor] = []
  /// The timeout of calls that have no deadline; nil: they may wait for ever.
  public var timeout: Duration?
  /// Whether calls wait for a server that can be reached, rather than fail. See `CallOptions.waitsForReady`.
  public var waitsForReady = false
  /// Calls that may run at a time, on all loops together, so that a slow service does not pile up calls in its clients;
  /// nil: any number. Further ones wait in their order, until their deadlines.
  public var maximumConcurrentCalls: Int?
  /// Calls that may wait for others to end, where there is a `maximumConcurrentCalls`. Further ones end with
  /// RESOURCE_EXHAUSTED at once; 0: none waits.
  public var maximumQueuedCalls = 1000
  /// What requests are compressed with; nil or identity: they are not.
  public var requestCompression: CompressionAlgorithm?
  /// What servers may compress responses with.
  public var acceptedCompression: [CompressionAlgorithm] = [.gzip, .deflate, .zstd]
  /// The largest request message, in bytes.
  public var maximumRequestSize = Int(Int32.max)
  /// The largest response message, in bytes, before and after decompression.
  public var maximumResponseSize = 4 << 20
  /// Bytes of requests of a call that may wait for the server before `write` suspends.
  public var requestHighMark = 65_536
  /// The most bytes of requests that are kept, so that a call that the server has not processed can be sent again. A
  /// call with more bytes is not sent again.
  public var replayLimit = 262_144

  /// The defaults that stand at the properties: cleartext, pick_first.
  public init() {}

  /// A configuration that is set by a function: `.with { $0.tls = context }`.
  public static func with(_ populate: (inout ChannelConfiguration) -> Void) -> ChannelConfiguration {
    var configuration = ChannelConfiguration()
    populate(&configuration)
    return configuration
  }

  var usesTLS: Bool { tls != nil || tlsCredentials != nil }

  var http2: HTTP2ClientConfiguration {
    var http2 = HTTP2ClientConfiguration()
    http2.headerLimits = HeaderLimits(listSize: headerLimit)
    http2.streamWindow = max(streamWindow, 65_535)
    http2.connectionWindow = max(connectionWindow, 65_535)
    return http2
  }
}

/// When a client sends PINGs to a silent server. Servers end a connection with `too_many_pings` if PINGs come more
/// often than they allow: every 5 minutes, by gRPC's default.
/// https://github.com/grpc/proposal/blob/master/A8-client-side-keepalive.md
public struct KeepAlivePolicy: Sendable {
  /// The silence after which a PING is sent, at least 10 s; nil: none ever is.
  public var interval: Duration?
  /// How long the answer may take, before the connection counts as lost.
  public var timeout: Duration = .seconds(20)
  /// Whether PINGs are sent while there is no call.
  public var withoutCalls = false
  /// The least interval: a shorter `interval` is raised to it. Tests set it lower, because they can't wait that long.
  package var leastInterval: Duration = .seconds(10)

  /// No PINGs.
  public init() {}

  /// PINGs after a silence.
  public init(interval: Duration, timeout: Duration = .seconds(20), withoutCalls: Bool = false) {
    self.interval = interval
    self.timeout = timeout
    self.withoutCalls = withoutCalls
  }
}
