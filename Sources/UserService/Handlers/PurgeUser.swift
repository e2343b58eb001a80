public import RPCCore
public import UserAPI

extension UserServiceHandlers {
  /// Erases a user for good.
  /// - Throws: `UserServiceError`: an invalid id. `StoreError`: no such user, or another etag.
  public func purgeUser(_ request: PurgeUserRequest, context: ServerContext) async throws -> PurgeUserResponse {
    var violations = FieldViolations()
    guard let id = FieldRules.id(request.id, field: "id", into: &violations) else {
      throw UserServiceError.invalid(violations)
    }
    try await store.purge(
      id, expecting: VersionCondition(etag: request.etag, of: id), by: context.author, deadline: context.storeDeadline)
    return PurgeUserResponse()
  }
}
