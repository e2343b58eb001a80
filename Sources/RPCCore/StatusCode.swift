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

  public static let ok = StatusCode(.ok)
  /// The caller gave up.
  public static let cancelled = StatusCode(.cancelled)
  public static let unknown = StatusCode(.unknown)
  /// The request is wrong whatever the state of the system.
  public static let invalidArgument = StatusCode(.invalidArgument)
  public static let deadlineExceeded = StatusCode(.deadlineExceeded)
  public static let notFound = StatusCode(.notFound)
  public static let alreadyExists = StatusCode(.alreadyExists)
  public static let permissionDenied = StatusCode(.permissionDenied)
  public static let resourceExhausted = StatusCode(.resourceExhausted)
  /// Do not retry before the system's state was changed.
  public static let failedPrecondition = StatusCode(.failedPrecondition)
  /// Retry the whole read-modify-write.
  public static let aborted = StatusCode(.aborted)
  public static let outOfRange = StatusCode(.outOfRange)
  public static let unimplemented = StatusCode(.unimplemented)
  public static let `internal` = StatusCode(.internal)
  /// Retry this call.
  public static let unavailable = StatusCode(.unavailable)
  public static let dataLoss = StatusCode(.dataLoss)
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
