public import RPCCore

/// The limits of a server. docs/limits.md explains each.
public struct ServerConfiguration: Sendable {
  /// Largest request message that is taken, in bytes. A larger one is answered with RESOURCE_EXHAUSTED.
  public var maximumRequestSize = 4 * 1024 * 1024
  /// Largest response message that is sent, in bytes.
  public var maximumResponseSize = 64 * 1024 * 1024
  /// Calls that a connection may have open (SETTINGS_MAX_CONCURRENT_STREAMS).
  public var maximumConcurrentStreams = 256
  /// Handlers that may run for a connection. Cancelled calls count until their handlers have returned, so this is what
  /// bounds a peer that cancels at once (CVE-2023-44487).
  public var maximumRunningHandlers = 512
  /// Calls that may run in all. More are answered with UNAVAILABLE, and told when to come again. The loops share it out
  /// evenly.
  public var maximumRunningCalls = 16_384
  /// Finds a lower limit by the latency of unary calls; nil: there is none.
  public var adaptiveLimit: AdaptiveLimit?
  /// Methods with limits of their own.
  public var callClasses: [CallClass] = []
  /// Bytes that the messages of a connection may hold that wait for its client: requests that are not whole, responses
  /// whose window is shut. Above it requests are answered with RESOURCE_EXHAUSTED. The first 16 KiB of a call are free.
  public var maximumBufferedBytes = 64 * 1024 * 1024
  /// The same for all connections together; UNAVAILABLE. The loops share it out evenly.
  public var maximumBufferedBytesInAll = 1024 * 1024 * 1024
  /// When refused clients are told to come again, give or take half of it.
  public var retryDelay = Duration.milliseconds(500)
  /// Connections that may be open. More are closed as soon as they come.
  public var maximumConnections = 20_000
  /// Bytes of a header section, counting name, value and 32 a field.
  public var maximumHeaderListSize = 16_384
  /// Fields of a header section.
  public var maximumHeaderFields = 128
  /// Above this many bytes of a call's unsent responses its writer is suspended, until a quarter is left.
  public var responseHighMark = 65_536
  /// How long what may take: keepalive, idle time, age, handshake, stalls.
  public var times = ConnectionTimes()

  /// What request messages may be compressed with; a call with anything else is answered with UNIMPLEMENTED. What is in
  /// a compressed message counts against `maximumRequestSize` as well.
  public var acceptedCompression: [CompressionAlgorithm] = [.gzip, .deflate, .zstd]
  /// What responses are compressed with where their handler says nothing and the client takes it; nil: not at all.
  public var responseCompression: CompressionAlgorithm?

  /// If set, gRPC-Web is served on the same ports, for pages in browsers.
  public var web: WebConfiguration?

  /// Wire protocols beside gRPC and gRPC-Web.
  var protocols: [any WireProtocol] = []

  /// If set, every error without an ErrorInfo gets one of this domain, its reason being the status's name: also those
  /// that no handler made, such as a deadline that passed.
  public var errorDomain: String?

  /// The defaults that stand at the properties.
  public init() {}
}
