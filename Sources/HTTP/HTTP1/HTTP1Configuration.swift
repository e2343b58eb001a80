/// The limits that a session of HTTP/1.1 sets its client.
public struct HTTP1Configuration: Sendable {
  /// How large a header section may be. The request line counts as three of its fields.
  public var headerLimits = HeaderLimits()
  /// Bytes of the request line.
  public var requestLine = 8192
  /// Bytes of a request that its handler has not taken, above which nothing more is read.
  public var requestWindow = 262_144
  /// Bytes of responses between two calls of `beginTurn`: a client that reads fast holds up no other.
  public var responseWindow = 1_048_576
  /// Whether the connection is secured: then `:scheme` says "https".
  public var isSecure = false

  /// The defaults that stand at the properties.
  public init() {}
}
