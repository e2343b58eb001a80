public import ProtoWire

/// Access to details by their type: `error.details.errorInfo?.reason`.
extension Sequence<ErrorDetail> {
  /// The first detail that is a message of the type.
  public func first<Message: WireMessage>(as type: Message.Type = Message.self) -> Message? {
    lazy.compactMap { $0.unpack(as: type) }.first
  }

  /// All details that are messages of the type.
  public func all<Message: WireMessage>(as type: Message.Type = Message.self) -> [Message] {
    compactMap { $0.unpack(as: type) }
  }

  /// The cause of the error in machine-readable form: a reason, the domain that defines it, and metadata.
  public var errorInfo: Google_Rpc_ErrorInfo? { first() }
  /// How long to wait before a retry, as the server sent it, which may be invalid: use `retryDelay`.
  public var retryInfo: Google_Rpc_RetryInfo? { first() }
  /// A stack trace and other information for the server's developers. Do not show it to users.
  public var debugInfo: Google_Rpc_DebugInfo? { first() }
  /// The quotas that the call exceeded.
  public var quotaFailure: Google_Rpc_QuotaFailure? { first() }
  /// The preconditions of the call that were not met.
  public var preconditionFailure: Google_Rpc_PreconditionFailure? { first() }
  /// The fields of the request that are wrong, each with the reason.
  public var badRequest: Google_Rpc_BadRequest? { first() }
  /// The name of the request in the server's logs.
  public var requestInfo: Google_Rpc_RequestInfo? { first() }
  /// The resource that the error is about.
  public var resourceInfo: Google_Rpc_ResourceInfo? { first() }
  /// Links to documentation about the error.
  public var help: Google_Rpc_Help? { first() }
  /// Messages that may be shown to users, one for each language.
  public var localizedMessages: [Google_Rpc_LocalizedMessage] { all() }

  /// How long the server wants the client to wait before a retry; nil without a RetryInfo that holds a valid,
  /// non-negative duration.
  public var retryDelay: Duration? {
    guard let delay = retryInfo?.retryDelay, delay.seconds >= 0, (0..<1_000_000_000).contains(delay.nanos) else {
      return nil
    }
    return .seconds(delay.seconds) + .nanoseconds(Int64(delay.nanos))
  }
}

extension RPCError {
  /// The error in a status message; nil if its code is OK. A code that gRPC does not define becomes UNKNOWN.
  public init?(_ status: Google_Rpc_Status) {
    guard status.code != 0 else { return nil }
    self.init(
      StatusCode(rawValue: Int(status.code)) ?? .unknown, status.message,
      details: status.details.map { ErrorDetail(packed: $0) })
  }

  /// The error as a status message.
  public var status: Google_Rpc_Status {
    .with {
      $0.code = Int32(code.rawValue)
      $0.message = message
      $0.details = details.map(\.any)
    }
  }
}
