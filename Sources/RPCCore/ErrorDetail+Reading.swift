public import ProtoWire

/// Details by their type: `error.details.errorInfo?.reason`.
extension Sequence<ErrorDetail> {
  /// The first detail that is a message of a type.
  public func first<Message: WireMessage>(as type: Message.Type = Message.self) -> Message? {
    lazy.compactMap { $0.unpack(as: type) }.first
  }

  /// All details that are messages of a type.
  public func all<Message: WireMessage>(as type: Message.Type = Message.self) -> [Message] {
    compactMap { $0.unpack(as: type) }
  }

  /// Why the call failed, for programs: a reason, the domain that defines it, and metadata.
  public var errorInfo: Google_Rpc_ErrorInfo? { first() }
  /// How long to wait before the next attempt, as the server sent it; `retryDelay` checks it.
  public var retryInfo: Google_Rpc_RetryInfo? { first() }
  /// A stack trace and more for the developer of the server. Do not show it to users.
  public var debugInfo: Google_Rpc_DebugInfo? { first() }
  /// Which quotas were used up.
  public var quotaFailure: Google_Rpc_QuotaFailure? { first() }
  /// Which conditions of the system's state the call needs and did not find.
  public var preconditionFailure: Google_Rpc_PreconditionFailure? { first() }
  /// Which fields of the request are wrong, and why.
  public var badRequest: Google_Rpc_BadRequest? { first() }
  /// How the server's logs name the request.
  public var requestInfo: Google_Rpc_RequestInfo? { first() }
  /// Which resource the call failed on.
  public var resourceInfo: Google_Rpc_ResourceInfo? { first() }
  /// Links to what explains the error.
  public var help: Google_Rpc_Help? { first() }
  /// One a language.
  public var localizedMessages: [Google_Rpc_LocalizedMessage] { all() }

  /// How long the server asks to wait before the call is tried again; nil where it says nothing that makes sense.
  public var retryDelay: Duration? {
    guard let delay = retryInfo?.retryDelay, delay.seconds >= 0, (0..<1_000_000_000).contains(delay.nanos) else {
      return nil
    }
    return .seconds(delay.seconds) + .nanoseconds(Int64(delay.nanos))
  }
}

extension RPCError {
  /// The error that a status message tells of; nil for OK. A code that gRPC does not have becomes UNKNOWN.
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
