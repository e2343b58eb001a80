/// An error that a handler throws to answer a call with a status of its choice.
public struct RPCError: Error, Sendable, CustomStringConvertible {
  /// What `grpc-status` says.
  public var code: StatusCode
  /// For developers, in English; travels in `grpc-message`.
  public var message: String
  /// Travel in `grpc-status-details-bin`, as a google.rpc.Status.
  public var details: [ErrorDetail]
  /// Added to the trailing metadata.
  public var metadata: Metadata
  /// For the log only: it never leaves the process.
  public var cause: (any Error)?

  /// An error with a status code, and a message that the caller reads.
  public init(
    _ code: StatusCode, _ message: String, details: [ErrorDetail] = [], metadata: Metadata = [:],
    cause: (any Error)? = nil
  ) {
    self.code = code
    self.message = message
    self.details = details
    self.metadata = metadata
    self.cause = cause
  }

  /// The code's name and the message. The cause is not in it.
  public var description: String { "\(code): \(message)" }
}

/// A domain error that says which status it means.
public protocol RPCErrorConvertible: Error {
  /// What the caller is told.
  var rpcError: RPCError { get }
}

extension RPCError {
  /// The one place where errors become statuses: an `RPCError` as it is, a domain error as it says, a cancelled task as
  /// CANCELLED, and anything else as UNKNOWN with a fixed text, its own words going to the log only.
  public init(mapping error: any Error) {
    switch error {
    case let error as RPCError: self = error
    case let error as any RPCErrorConvertible: self = error.rpcError
    case is CancellationError: self.init(.cancelled, "the call was cancelled")
    default: self.init(.unknown, "the handler failed; the server's log says why", cause: error)
    }
  }
}
