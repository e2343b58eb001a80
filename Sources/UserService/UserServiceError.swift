public import Postgres

/// Why a call of the user service fails. `UserServiceError+RPC.swift` says what the caller is told.
public enum UserServiceError: Error, Sendable {
  /// What a user is asked for by.
  public enum Key: Sendable, Hashable {
    case id(UserID)
    case email(EmailAddress)
  }

  /// What is unique among all users.
  public enum UniqueField: String, Sendable {
    case id, email
  }

  /// The request is wrong in itself.
  case invalid(InvalidRequest)
  case notFound(Key)
  /// There is such a user, but it is deleted and the call needs one in use.
  case isDeleted(UserID)
  /// The purge time of the deleted user has passed.
  case isExpired(UserID)
  /// Undelete of a user in use.
  case isNotDeleted(UserID)
  /// Another user, deleted perhaps, has this id or email.
  case alreadyExists(UniqueField)
  /// The user was changed since the caller read it.
  case etagMismatch(UserID)
  case database(PostgresError)
  /// A stored user cannot be read: somebody else wrote to the table.
  case damagedRow(UserID)

  /// The key of page tokens is missing in `service_keys`, or is none.
  case noPageTokenKey

  static func invalid(_ violations: FieldViolations) -> UserServiceError { .invalid(InvalidRequest(violations)) }
}

/// A request that is wrong in itself, with everything that is wrong.
public struct InvalidRequest: Sendable, Hashable {
  let violations: FieldViolations

  init(_ violations: FieldViolations) { self.violations = violations }
}
