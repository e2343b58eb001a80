/// How a client makes one call. All of it is optional: the channel has defaults.
public struct CallOptions: Sendable {
  /// When the caller stops waiting: the call then ends with DEADLINE_EXCEEDED, and the server is told when that is. Of
  /// this, `timeout` and the deadline of the call that a handler serves, the earliest counts.
  public var deadline: Deadline?
  /// The deadline as a duration, counted from when the call is made.
  public var timeout: Duration?
  /// Sent with the request, behind the metadata of `credentials`.
  public var metadata = Metadata()
  /// What the requests are compressed with; nil: as the channel's configuration says. The server has to know it.
  public var compression: CompressionAlgorithm?
  /// Whether the call waits, until its deadline, for a server that can be reached; nil: as the channel's configuration
  /// says. If it does not wait, it ends with UNAVAILABLE as soon as the channel knows that it can reach no server.
  /// https://github.com/grpc/grpc/blob/master/doc/wait-for-ready.md
  public var waitsForReady: Bool?
  /// The largest request message in bytes; nil: as the channel's configuration says. A larger one is
  /// RESOURCE_EXHAUSTED.
  public var maximumRequestSize: Int?
  /// The largest response message in bytes, before and after decompression; nil: as the channel's configuration says.
  public var maximumResponseSize: Int?
  /// Who calls.
  public var credentials: (any CallCredentials)?
  /// Where the client notes what the server sent beside its messages.
  public var record: CallRecord?

  /// The defaults of the channel.
  public init() {}

  /// Options that are set by a function: `.with { $0.timeout = .seconds(1) }`.
  public static func with(_ populate: (inout CallOptions) -> Void) -> CallOptions {
    var options = CallOptions()
    populate(&options)
    return options
  }
}

/// Says who calls, by metadata that is sent with each call: a token, usually.
///
/// https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#security
public protocol CallCredentials: Sendable {
  /// What is sent with a call of the method. It runs where the call is made, and must not block: keep a token, and
  /// renew it in the background.
  /// - Throws: the error with which the call ends.
  func metadata(for method: MethodDescriptor) throws(RPCError) -> Metadata

  /// Whether the credentials may be sent only over TLS or to a Unix socket. If so, a call over another connection ends
  /// with UNAUTHENTICATED.
  var requireSecurity: Bool { get }
}

extension CallCredentials {
  /// The default: true.
  public var requireSecurity: Bool { true }
}
