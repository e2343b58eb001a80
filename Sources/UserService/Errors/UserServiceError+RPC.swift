public import RPCCore

extension UserServiceError: RPCErrorConvertible {
  /// The domain of every ErrorInfo of this service: https://google.aip.dev/193#errorinfo
  public static let domain = "user-service"
  /// All that a caller learns of a fault of the service.
  static let internalMessage = "The service failed. Its log says why."

  /// What the caller is told. Values of the request appear in details only, never in the message: messages are logged.
  public var rpcError: RPCError {
    switch self {
    case .invalid(let request): request.violations.rpcError
    case .notFound(let key):
      RPCError(
        .notFound, key.isID ? "There is no user with this id." : "There is no user with this email.",
        details: [Self.info("USER_NOT_FOUND", ["field": key.field]), Self.resource(key.text, "not found")])
    case .importIncomplete(let count):
      RPCError(
        .outOfRange, "Users before first_index are missing: begin at the import's row_count.",
        details: [Self.info("IMPORT_INCOMPLETE", ["row_count": "\(count)"])])
    case .noImport:
      RPCError(.notFound, "There is no import with this id.", details: [Self.info("IMPORT_NOT_FOUND")])
    case .pageTokenNotSealed, .noMemory:
      RPCError(.internal, Self.internalMessage, details: [Self.info("INTERNAL")], cause: self)
    }
  }

  static func info(_ reason: String, _ metadata: [String: String] = [:]) -> ErrorDetail {
    .errorInfo(reason: reason, domain: domain, metadata: metadata)
  }

  /// The user that an error is about. https://google.aip.dev/193#resourceinfo
  static func resource(_ name: String, _ description: String) -> ErrorDetail {
    .resourceInfo(type: "users.v1.User", name: name, description: description)
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
