public import RPCCore
public import UserAPI

extension UserServiceHandlers {
  /// Undoes a deletion, and returns the user.
  /// - Throws: `UserServiceError`: an invalid id. `StoreError`: no such user, not deleted, past its purge time,
  ///   or another etag.
  public func undeleteUser(_ request: UndeleteUserRequest, context: ServerContext) async throws -> User {
    var violations = FieldViolations()
    guard let id = FieldRules.id(request.id, field: "id", into: &violations) else {
      throw UserServiceError.invalid(violations)
    }
    return User(
      try await store.undelete(
        id, expecting: VersionCondition(etag: request.etag, of: id), by: context.author,
        deadline: context.storeDeadline))
  }
}
