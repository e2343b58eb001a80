public import RPCCore
public import UserAPI

extension UserServiceHandlers {
  /// Marks a user as deleted, and returns it.
  /// - Throws: `UserServiceError`: an invalid id. `StoreError`: no such user, deleted already, or another etag.
  public func deleteUser(_ request: DeleteUserRequest, context: ServerContext) async throws -> User {
    var violations = FieldViolations()
    guard let id = FieldRules.id(request.id, field: "id", into: &violations) else {
      throw UserServiceError.invalid(violations)
    }
    return User(
      try await store.delete(
        id, expecting: VersionCondition(etag: request.etag, of: id), by: context.author,
        deadline: context.storeDeadline))
  }
}
