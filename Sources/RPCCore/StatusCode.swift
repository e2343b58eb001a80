/// A gRPC status code. https://grpc.github.io/grpc/core/md_doc_statuscodes.html
public struct StatusCode: Sendable, Hashable, CustomStringConvertible {
  private enum Kind: UInt8, CaseIterable {
    case ok, cancelled, unknown, invalidArgument, deadlineExceeded, notFound, alreadyExists, permissionDenied,
      resourceExhausted, failedPrecondition, aborted, outOfRange, unimplemented, `internal`, unavailable, dataLoss,
      unauthenticated
  }

  private let kind: Kind

  private init(_ kind: Kind) { self.kind = kind }

  /// The code with a number from the wire; nil outside 0...16.
  public init?(rawValue: Int) {
    guard let byte = UInt8(exactly: rawValue), let kind = Kind(rawValue: byte) else { return nil }
    self.kind = kind
  }

  /// The number on the wire.
  public var rawValue: Int { Int(kind.rawValue) }

  /// The call succeeded.
  public static let ok = StatusCode(.ok)
  /// The call was cancelled, usually by the caller.
  public static let cancelled = StatusCode(.cancelled)
  /// An error without a code of its own: it came from another system, or a handler threw an error that has no status.
  public static let unknown = StatusCode(.unknown)
  /// The request is wrong whatever the state of the system.
  public static let invalidArgument = StatusCode(.invalidArgument)
  /// The deadline passed before the call was complete. A write may still have had its effect.
  public static let deadlineExceeded = StatusCode(.deadlineExceeded)
  /// The entity that the request names does not exist.
  public static let notFound = StatusCode(.notFound)
  /// The entity that the request creates exists already.
  public static let alreadyExists = StatusCode(.alreadyExists)
  /// The caller is authenticated, but not allowed to do this.
  public static let permissionDenied = StatusCode(.permissionDenied)
  /// A quota or a limit is exhausted.
  public static let resourceExhausted = StatusCode(.resourceExhausted)
  /// The system is not in the state that the call needs. Do not retry until its state has changed.
  public static let failedPrecondition = StatusCode(.failedPrecondition)
  /// A concurrent change got in the way. Retry the whole read-modify-write.
  public static let aborted = StatusCode(.aborted)
  /// The request goes beyond a valid range that depends on the system's state, such as the end of a file.
  public static let outOfRange = StatusCode(.outOfRange)
  /// The server does not implement the method, or not this use of it.
  public static let unimplemented = StatusCode(.unimplemented)
  /// An invariant of the server is broken: the program has a fault.
  public static let `internal` = StatusCode(.internal)
  /// The service can't answer now. Retry this call.
  public static let unavailable = StatusCode(.unavailable)
  /// Data is lost or corrupted for good.
  public static let dataLoss = StatusCode(.dataLoss)
  /// The call carries no valid credentials.
  public static let unauthenticated = StatusCode(.unauthenticated)

  /// All codes, in the order of their numbers.
  public static var allCodes: [StatusCode] { Kind.allCases.map(StatusCode.init) }

  /// The name in gRPC's documentation, such as `NOT_FOUND`.
  public var description: String {
    switch kind {
    case .ok: "OK"
    case .cancelled: "CANCELLED"
    case .unknown: "UNKNOWN"
    case .invalidArgument: "INVALID_ARGUMENT"
    case .deadlineExceeded: "DEADLINE_EXCEEDED"
    case .notFound: "NOT_FOUND"
    case .alreadyExists: "ALREADY_EXISTS"
    case .permissionDenied: "PERMISSION_DENIED"
    case .resourceExhausted: "RESOURCE_EXHAUSTED"
    case .failedPrecondition: "FAILED_PRECONDITION"
    case .aborted: "ABORTED"
    case .outOfRange: "OUT_OF_RANGE"
    case .unimplemented: "UNIMPLEMENTED"
    case .internal: "INTERNAL"
    case .unavailable: "UNAVAILABLE"
    case .dataLoss: "DATA_LOSS"
    case .unauthenticated: "UNAUTHENTICATED"
    }
  }
}
