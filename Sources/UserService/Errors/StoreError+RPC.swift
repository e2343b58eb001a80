public import RPCCore

extension StoreError: RPCErrorConvertible {
  /// What the caller is told: the one table from a store's errors to statuses.
  public var rpcError: RPCError {
    switch self {
    case .refused(let refusal): refusal.rpcError
    case .refusedItem(let index, let refusal): refusal.rpcError.atIndex(index)
    case .failed(let failure): failure.rpcError
    }
  }
}

extension StoreRefusal {
  fileprivate var rpcError: RPCError {
    switch self {
    case .notFound(let id): UserServiceError.notFound(.id(id)).rpcError
    case .isDeleted(let id):
      error(.notFound, "USER_DELETED", "The user is deleted. UndeleteUser brings it back.", id, "deleted")
    case .isExpired(let id):
      error(
        .notFound, "USER_EXPIRED", "The user was deleted, and the time to bring it back has passed.", id,
        "deleted, past its purge time")
    case .isNotDeleted(let id):
      error(.alreadyExists, "USER_NOT_DELETED", "The user is not deleted.", id, "not deleted")
    case .alreadyExists(let field):
      RPCError(
        .alreadyExists, "Another user, who may be deleted, already has this \(field.rawValue).",
        details: [UserServiceError.info("USER_ALREADY_EXISTS", ["field": field.rawValue])])
    case .eventsGone:
      RPCError(
        .outOfRange,
        "The changes after the resume token are not kept any more. Read all users anew, and watch from a new token.",
        details: [UserServiceError.info("RESUME_TOKEN_EXPIRED")])
    case .versionMismatch(let id):
      error(
        .aborted, "ETAG_MISMATCH", "The user was changed by somebody else. Read it again and repeat the change.", id,
        "changed")
    case .tooManyLabels(let id):
      RPCError(
        .invalidArgument, "The user must not have more than \(FieldRules.maximumLabels) labels.",
        details: [
          UserServiceError.info("TOO_MANY_LABELS"), UserServiceError.resource(id.description, "has other labels too"),
        ])
    case .importMoved:
      RPCError(
        .aborted, "Another stream goes on with the same import. Send this one again when it has ended.",
        details: [UserServiceError.info("IMPORT_CONFLICT")])
    case .requestIDReused:
      RPCError(
        .alreadyExists, "The request_id belongs to a request that created another user: make a new one.",
        details: [UserServiceError.info("REQUEST_ID_REUSED", ["field": "request_id"])])
    case .createdAndRemoved:
      RPCError(
        .notFound, "The user that the first request with this request_id created has been removed since.",
        details: [UserServiceError.info("USER_NOT_FOUND", ["field": "request_id"])])
    }
  }

  private func error(
    _ code: StatusCode, _ reason: String, _ message: String, _ id: UserID, _ description: String
  ) -> RPCError {
    RPCError(
      code, message, details: [UserServiceError.info(reason), UserServiceError.resource(id.description, description)])
  }
}

extension StoreFailure {
  fileprivate var rpcError: RPCError {
    switch kind {
    case .cancelled: error(.cancelled, "CANCELLED", "The call was cancelled.")
    case .deadlineExceeded:
      error(
        .deadlineExceeded, "DEADLINE_EXCEEDED", "The deadline passed while waiting for the database.",
        metadata: ["stage": "database"])
    case .unavailable:
      error(.unavailable, "DATABASE_UNAVAILABLE", "The database cannot be reached.", retryDelay: .seconds(1))
    // Not FAILED_PRECONDITION, which means "do not retry": the server may be promoted, or told to take writes again.
    case .readOnly:
      error(.unavailable, "DATABASE_READ_ONLY", "The database takes no writes at present.", retryDelay: .seconds(1))
    case .overloaded:
      error(.resourceExhausted, "DATABASE_OVERLOADED", "The database is overloaded.", retryDelay: .seconds(1))
    case .conflict:
      error(
        .aborted, "CONCURRENT_CHANGE", "The call conflicted with another one. Repeat it from its first read.")
    case .internal: error(.internal, "INTERNAL", UserServiceError.internalMessage)
    }
  }

  private func error(
    _ code: StatusCode, _ reason: String, _ message: String, metadata: [String: String] = [:],
    retryDelay: Duration? = nil
  ) -> RPCError {
    var metadata = metadata
    // For callers that must know whether their write happened.
    if isOutcomeUnknown { metadata["outcome"] = "unknown" }
    var details = [UserServiceError.info(reason, metadata)]
    if let retryDelay { details.append(.retryInfo(delay: retryDelay)) }
    return RPCError(code, message, details: details, cause: cause)
  }
}
