/// An error that a handler throws to end a call with a status of its choice.
public struct RPCError: Error, Sendable, CustomStringConvertible {
  /// The status code, sent as `grpc-status`.
  public var code: StatusCode
  /// For developers, in English; sent as `grpc-message`.
  public var message: String
  /// Sent as a google.rpc.Status in `grpc-status-details-bin`.
  public var details: [ErrorDetail]
  /// Sent with the trailing metadata.
  public var metadata: Metadata
  /// The underlying error, for the log only: it never leaves the process.
  public var cause: (any Error)?

  /// An error with a status code and a message for the caller.
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

/// A domain error that knows its status.
public protocol RPCErrorConvertible: Error {
  /// The error that the caller gets.
  var rpcError: RPCError { get }
}

extension RPCError {
  /// Maps each error that a handler throws to a status, in this one place: an `RPCError` stays as it is, an
  /// `RPCErrorConvertible` converts itself, `CancellationError` becomes CANCELLED, and any other error becomes UNKNOWN
  /// with a fixed message, with the error as `cause` for the log.
  public init(mapping error: any Error) {
    switch error {
    case let error as RPCError: self = error
    case let error as any RPCErrorConvertible: self = error.rpcError
    case is CancellationError: self.init(.cancelled, "the call was cancelled")
    default: self.init(.unknown, "the handler failed; the server's log says why", cause: error)
    }
  }
}
