/// A gRPC status code. https://grpc.github.io/grpc/core/md_doc_statuscodes.html
public struct StatusCode: Sendable, Hashable, CustomStringConvertible {
  private enum Kind: UInt8, CaseIterable {
    case ok, cancelled, unknown, invalidArgument, deadlineExceeded, notFound, alreadyExists, permissionDenied,
      resourceExhausted, failedPrecondition, aborted, outOfRange, unimplemented, `internal`, unavailable, dataLoss,
      unauthenticated
  }

  private let kind: Kind

  private init(_ kind: Kind) { self.kind = kind }

  /// The code of a number from the wire; nil outside 0...16.
  public init?(rawValue: Int) {
    guard let byte = UInt8(exactly: rawValue), let kind = Kind(rawValue: byte) else { return nil }
    self.kind = kind
  }

  /// The number on the wire.
  public var rawValue: Int { Int(kind.rawValue) }

  /// The call has succeeded.
  public static let ok = StatusCode(.ok)
  /// The caller gave up.
  public static let cancelled = StatusCode(.cancelled)
  /// An error that says no more: of another system, or one that a handler threw and nobody translated.
  public static let unknown = StatusCode(.unknown)
  /// The request is wrong whatever the state of the system.
  public static let invalidArgument = StatusCode(.invalidArgument)
  /// The deadline passed before the call was complete. A write may still have had its effect.
  public static let deadlineExceeded = StatusCode(.deadlineExceeded)
  /// What the request names does not exist.
  public static let notFound = StatusCode(.notFound)
  /// What was to be created exists already.
  public static let alreadyExists = StatusCode(.alreadyExists)
  /// The caller is known, and may not do this.
  public static let permissionDenied = StatusCode(.permissionDenied)
  /// A quota or a limit is used up.
  public static let resourceExhausted = StatusCode(.resourceExhausted)
  /// Do not retry before the system's state was changed.
  public static let failedPrecondition = StatusCode(.failedPrecondition)
  /// Retry the whole read-modify-write.
  public static let aborted = StatusCode(.aborted)
  /// The request goes beyond a valid range, which may change with the system's state: past the end of a file.
  public static let outOfRange = StatusCode(.outOfRange)
  /// The server does not have the method, or not in this form.
  public static let unimplemented = StatusCode(.unimplemented)
  /// An invariant of the server is broken: something is wrong in the program.
  public static let `internal` = StatusCode(.internal)
  /// Retry this call.
  public static let unavailable = StatusCode(.unavailable)
  /// Data is lost or damaged for good.
  public static let dataLoss = StatusCode(.dataLoss)
  /// The call carries no valid credentials.
  public static let unauthenticated = StatusCode(.unauthenticated)

  /// All codes, in the order of their numbers.
  public static var allCodes: [StatusCode] { Kind.allCases.map(StatusCode.init) }

  /// The name in the gRPC documents, such as `NOT_FOUND`.
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
