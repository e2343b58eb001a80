public import RPCCore

extension UserServiceError: RPCErrorConvertible {
  /// The domain of every ErrorInfo of this service: https://google.aip.dev/193#errorinfo
  public static let domain = "user-service"
  static let resourceType = "users.v1.User"

  /// What the caller is told. Values of the request are named in details only, never in the message: messages are
  /// logged.
  public var rpcError: RPCError {
    switch self {
    case .invalid(let request): request.violations.rpcError
    case .notFound(let key):
      RPCError(
        .notFound, key.isID ? "There is no user with this id." : "There is no user with this email.",
        details: [Self.info("USER_NOT_FOUND", ["field": key.field]), Self.resource(key.text, "not found")])
    case .isDeleted(let id):
      RPCError(
        .notFound, "The user is deleted. UndeleteUser brings it back.",
        details: [Self.info("USER_DELETED"), Self.resource(id.description, "deleted")])
    case .isExpired(let id):
      RPCError(
        .notFound, "The user was deleted, and the time to bring it back has passed.",
        details: [Self.info("USER_EXPIRED"), Self.resource(id.description, "deleted, past its purge time")])
    case .isNotDeleted(let id):
      RPCError(
        .alreadyExists, "The user is not deleted.",
        details: [Self.info("USER_NOT_DELETED"), Self.resource(id.description, "not deleted")])
    case .alreadyExists(let field):
      RPCError(
        .alreadyExists, "Another user, deleted perhaps, has this \(field.rawValue) already.",
        details: [Self.info("USER_ALREADY_EXISTS", ["field": field.rawValue])])
    case .etagMismatch(let id):
      RPCError(
        .aborted, "The user was changed by somebody else. Read it again and repeat the change.",
        details: [Self.info("ETAG_MISMATCH"), Self.resource(id.description, "changed")])
    case .database(let error): DatabaseFailure(error).rpcError
    case .damagedRow, .noPageTokenKey:
      RPCError(.internal, DatabaseFailure.internalMessage, details: [Self.info("INTERNAL")], cause: self)
    }
  }

  static func info(_ reason: String, _ metadata: [String: String] = [:]) -> ErrorDetail {
    .errorInfo(reason: reason, domain: domain, metadata: metadata)
  }

  private static func resource(_ name: String, _ description: String) -> ErrorDetail {
    .resourceInfo(type: resourceType, name: name, description: description)
  }
}

extension UserServiceError.Key {
  fileprivate var isID: Bool { if case .id = self { true } else { false } }
  fileprivate var field: String { isID ? "id" : "email" }
  fileprivate var text: String {
    switch self {
    case .id(let id): id.description
    case .email(let email): email.normalForm
    }
  }
}

extension FieldViolations {
  fileprivate var rpcError: RPCError {
    var metadata = ["violations": "\(count)"]
    if let first = items.first { metadata["field"] = first.field }
    return RPCError(
      .invalidArgument, summary,
      details: [
        UserServiceError.info("INVALID_FIELDS", metadata),
        .badRequest(items.map { (field: $0.field, description: $0.description, reason: $0.reason.rawValue) }),
      ])
  }
}
