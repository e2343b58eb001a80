public import RPCCore
public import UserAPI

extension UserServiceHandlers {
  /// Returns the user whose email has the same normal form, deleted or not.
  /// - Throws: `UserServiceError`: an invalid email, or no such user. `StoreError`: the store failed.
  public func lookupUser(_ request: LookupUserRequest, context: ServerContext) async throws -> User {
    var violations = FieldViolations()
    let mask = ReadMask.parse(request.readMask, field: "read_mask", into: &violations)
    let staleness = Self.staleness(request.maxStaleness, into: &violations)
    guard let email = FieldRules.email(request.email, field: "email", into: &violations), violations.isEmpty else {
      throw UserServiceError.invalid(violations)
    }
    let deadline = context.storeDeadline
    let found = try await reading(within: staleness) { store throws(StoreError) in
      try await store.find(email: email, deadline: deadline)
    }
    guard let user = found else {
      throw UserServiceError.notFound(.email(email))
    }
    return User(user, mask)
  }
}
