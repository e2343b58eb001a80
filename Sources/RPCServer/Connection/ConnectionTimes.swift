/// How long the phases of a connection may take. nil: as long as they like. A coarse timer enforces them: it may be
/// late by half of the shortest time, and by five seconds at most. docs/limits.md explains each.
public struct ConnectionTimes: Sendable {
  /// From the connection's beginning until the client's SETTINGS are here, TLS included.
  public var handshake: Duration? = .seconds(20)
  /// From the first byte of a header section to its last, whatever its number of frames.
  public var header: Duration? = .seconds(10)
  /// How long the client's socket may take nothing of what is to be sent.
  public var writeStall: Duration? = .seconds(30)
  /// How long a call's client may leave its window shut while messages wait for it. The call is ended
  /// with RST_STREAM(ENHANCE_YOUR_CALM), which gRPC reads as RESOURCE_EXHAUSTED.
  public var responseStall: Duration? = .seconds(300)
  /// How long a connection without calls is kept.
  public var idle: Duration?
  /// How long a connection is kept, give or take a tenth: clients that reconnect spread over all servers.
  public var age: Duration?
  /// How long calls that run at that age have to finish.
  public var ageGrace: Duration?

  /// After how long a silence the client is pinged, calls or no calls.
  public var keepAliveInterval: Duration? = .seconds(7200)
  /// How long it may then be silent before the connection is given up.
  public var keepAliveTimeout = Duration.seconds(20)

  /// How often a client may ping while it has calls.
  public var minimumPingInterval = Duration.seconds(300)
  /// Whether it may do so without calls; once in two hours is always right.
  public var allowsPingsWithoutCalls = false
  /// Pings that may come too early. After one more the client gets GOAWAY(ENHANCE_YOUR_CALM) "too_many_pings". HEADERS
  /// or DATA that the server sends to the client reset the count.
  /// https://github.com/grpc/proposal/blob/master/A8-client-side-keepalive.md
  public var maximumPingStrikes = 2

  /// The defaults that stand at the properties.
  public init() {}
}
