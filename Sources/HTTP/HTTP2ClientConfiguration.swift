/// What a client's session tells its server.
public struct HTTP2ClientConfiguration: Sendable {
  /// How large a header section of a response may be. Its size is announced as SETTINGS_MAX_HEADER_LIST_SIZE.
  public var headerLimits = HeaderLimits()
  /// SETTINGS_INITIAL_WINDOW_SIZE: bytes of a response that may be under way before its handler takes them.
  public var streamWindow: Int32 = 262_144
  /// Bytes of all responses that may be under way. Credited at once: a slow handler slows its own exchange only.
  public var connectionWindow: Int32 = 1_048_576

  /// The defaults that stand at the properties.
  public init() {}
}
