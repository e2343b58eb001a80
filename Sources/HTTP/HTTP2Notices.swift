/// What a server says of the whole connection.
public struct HTTP2Notices: OptionSet, Sendable {
  /// The bits of the set.
  public let rawValue: UInt8
  /// A set of these bits.
  public init(rawValue: UInt8) { self.rawValue = rawValue }

  /// SETTINGS came: `maximumExchanges` and other limits may have changed.
  public static let settings = HTTP2Notices(rawValue: 1)
  /// GOAWAY came: see `goAway`.
  public static let goAway = HTTP2Notices(rawValue: 2)
  /// The answer to a PING of ours came.
  public static let pingAnswer = HTTP2Notices(rawValue: 4)
}

/// What a GOAWAY frame says. RFC 9113, section 6.8.
public struct GoAway: Sendable, Hashable {
  /// The last stream that the peer may have processed. 2^31-1: it will name the last one later.
  public let lastStream: Int32
  /// Why; `noError` for a graceful shutdown.
  public let code: HTTP2ErrorCode
  /// The debug data, such as "too_many_pings", cut off after 256 bytes. The peer chose it.
  public let reason: String
}
