/// The limits that a server's session sets its client.
public struct HTTP2ServerConfiguration: Sendable {
  /// SETTINGS_MAX_CONCURRENT_STREAMS.
  public var maximumConcurrentStreams: UInt32 = 256
  /// How large a header section may be. Its size is announced as SETTINGS_MAX_HEADER_LIST_SIZE.
  public var headerLimits = HeaderLimits()
  /// SETTINGS_INITIAL_WINDOW_SIZE: bytes of a request that may be under way before the handler takes them.
  public var streamWindow: Int32 = 262_144
  /// Bytes of all requests of a connection that may be under way. Credited at once: a slow handler must slow its own
  /// stream only.
  public var connectionWindow: Int32 = 1_048_576
  /// How often the peer may send PING, beside what `AbuseGuard` lets pass; nil: as often as that.
  public var pings: PingPolicy?
  /// Takes a `:authority` that can't be a host, such as the path of the Unix socket on which the request came.
  public var takesAnyAuthority = false

  /// The defaults that stand at the properties.
  public init() {}
}
