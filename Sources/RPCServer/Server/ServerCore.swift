internal import HTTP
import Logging
import RPCCore

/// What all connections of a server share, on all loops.
final class ServerCore: Sendable {
  let router: Router
  let interceptors: [any ServerInterceptor]
  let configuration: ServerConfiguration
  let limits: CallLimits
  let classes: CallClasses
  /// The number of loops; each gets an equal part of the server's limits.
  let loopCount: Int
  let http2: HTTP2ServerConfiguration
  let http1: HTTP1Configuration
  let lifeLimits: LifeLimits
  let logger: Logger
  let protocols: ProtocolTable
  /// JSON of the messages of each method; nil where no protocol wants it.
  let transcoders: MethodTranscoders?
  /// What `grpc-accept-encoding` says.
  let acceptEncoding: String

  init(
    router: Router, interceptors: [any ServerInterceptor], configuration: ServerConfiguration, loopCount: Int = 1,
    transcoders: MethodTranscoders? = nil, logger: Logger
  ) {
    self.transcoders = transcoders
    self.router = router
    self.interceptors = interceptors
    self.configuration = configuration
    limits = CallLimits(configuration)
    classes = CallClasses(configuration)
    self.loopCount = loopCount
    self.logger = logger
    protocols = ProtocolTable(configuration)
    acceptEncoding = (["identity"] + configuration.acceptedCompression.map(\.name)).joined(separator: ",")
    var http2 = HTTP2ServerConfiguration()
    http2.maximumConcurrentStreams = UInt32(clamping: configuration.maximumConcurrentStreams)
    http2.headerLimits = HeaderLimits(
      listSize: configuration.maximumHeaderListSize, fieldCount: configuration.maximumHeaderFields)
    http2.pings = PingPolicy(configuration.times)
    self.http2 = http2
    var http1 = HTTP1Configuration()
    http1.headerLimits = http2.headerLimits
    http1.requestLine = min(http1.requestLine, configuration.maximumHeaderListSize)
    self.http1 = http1
    lifeLimits = LifeLimits(configuration.times)
  }
}
