/// Why the service itself, and not its store (`StoreError`), refuses a call. `UserServiceError+RPC.swift` says what the
/// caller is told.
public enum UserServiceError: Error, Sendable {
  /// What a request names a user by.
  public enum Key: Sendable, Hashable {
    case id(UserID)
    case email(EmailAddress)
  }

  /// The request is invalid, whatever the store holds.
  case invalid(InvalidRequest)
  /// The store has no such user.
  case notFound(Key)
  /// A page token could not be encrypted: OpenSSL is out of memory, or confined to algorithms without AES-SIV.
  case pageTokenNotSealed
  /// OpenSSL is out of memory.
  case noMemory
  /// A stream begins behind the rows of its import that were merged: so many.
  case importIncomplete(Int64)
  /// There is no import with this id.
  case noImport

  static func invalid(_ violations: FieldViolations) -> UserServiceError { .invalid(InvalidRequest(violations)) }
}

/// An invalid request, with everything that is wrong with it.
public struct InvalidRequest: Sendable, Hashable {
  let violations: FieldViolations

  init(_ violations: FieldViolations) { self.violations = violations }
}
