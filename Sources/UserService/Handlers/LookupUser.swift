public import RPCCore
public import UserAPI

extension UserServiceHandlers {
  /// Returns the user whose email has the same normal form, deleted or not.
  /// - Throws: `UserServiceError`: an invalid email, or no such user. `StoreError`: the store failed.
  public func lookupUser(_ request: LookupUserRequest, context: ServerContext) async throws -> User {
    var violations = FieldViolations()
    let mask = ReadMask.parse(request.readMask, field: "read_mask", into: &violations)
    guard let email = FieldRules.email(request.email, field: "email", into: &violations), violations.isEmpty else {
      throw UserServiceError.invalid(violations)
    }
    guard let user = try await store.find(email: email, deadline: context.storeDeadline) else {
      throw UserServiceError.notFound(.email(email))
    }
    return User(user, mask)
  }
}
