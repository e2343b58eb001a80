public import RPCCore

/// The limits of a server. docs/limits.md explains each.
public struct ServerConfiguration: Sendable {
  /// The largest request message, in bytes. A larger one ends its call with RESOURCE_EXHAUSTED.
  public var maximumRequestSize = 4 * 1024 * 1024
  /// The largest response message, in bytes. A larger one ends its call with RESOURCE_EXHAUSTED.
  public var maximumResponseSize = 64 * 1024 * 1024
  /// How many calls a connection may have open (SETTINGS_MAX_CONCURRENT_STREAMS).
  public var maximumConcurrentStreams = 256
  /// How many handlers may run for a connection. A cancelled call counts until its handler has returned, so this bounds
  /// a peer that cancels its calls at once (CVE-2023-44487).
  public var maximumRunningHandlers = 512
  /// How many calls may run in the server. Further ones get UNAVAILABLE with a retry delay. Each loop gets an equal
  /// part of it.
  public var maximumRunningCalls = 16_384
  /// Lowers the limit of running calls when the latency of unary calls grows; nil: it does not.
  public var adaptiveLimit: AdaptiveLimit?
  /// Classes of methods that have limits of their own.
  public var callClasses: [CallClass] = []
  /// How many bytes of messages a connection may buffer: incomplete requests, and responses that wait for the client's
  /// flow-control window. Above it calls get RESOURCE_EXHAUSTED. The first 16 KiB of each call do not count.
  public var maximumBufferedBytes = 64 * 1024 * 1024
  /// The same for all connections together; calls above it get UNAVAILABLE. Each loop gets an equal part of it.
  public var maximumBufferedBytesInAll = 1024 * 1024 * 1024
  /// The retry delay that refused clients get, ±50 %.
  public var retryDelay = Duration.milliseconds(500)
  /// How many connections may be open. The server closes further ones at once.
  public var maximumConnections = 20_000
  /// The largest header section, in bytes: names, values and 32 for each field (RFC 9113, section 6.5.2).
  public var maximumHeaderListSize = 16_384
  /// The most fields of a header section.
  public var maximumHeaderFields = 128
  /// If a call has more unsent bytes of responses than this, its writer is suspended until a quarter is left.
  public var responseHighMark = 65_536
  /// Time limits: keepalive, idle time, age, handshake, stalls.
  public var times = ConnectionTimes()

  /// The algorithms that request messages may be compressed with; a call with another one gets UNIMPLEMENTED.
  /// `maximumRequestSize` limits a message both before and after decompression.
  public var acceptedCompression: [CompressionAlgorithm] = [.gzip, .deflate, .zstd]
  /// The algorithm that compresses responses if the client accepts it and the handler chooses none; nil: none.
  public var responseCompression: CompressionAlgorithm?

  /// If set, the server also serves gRPC-Web on the same ports, for pages in browsers.
  public var web: WebConfiguration?

  /// If set, the server also serves the Connect protocol on the same ports, and takes and gives messages as JSON: by
  /// Connect, gRPC and gRPC-Web.
  public var connect: ConnectConfiguration?

  /// Handlers of plain HTTP requests, beside the calls: a page, a document, what a monitor reads.
  public var routes: [HTTPRoute] = []

  /// Wire protocols beside gRPC, gRPC-Web and Connect, in the order in which they are asked.
  package var protocols: [any WireProtocol] = []

  /// If set, every error without an ErrorInfo gets one of this domain, its reason being the status's name: also those
  /// that do not come from a handler, such as DEADLINE_EXCEEDED.
  public var errorDomain: String?

  /// The defaults that the properties show.
  public init() {}
}
