public import RPCCore
public import UserAPI

extension UserServiceHandlers {
  /// Returns a user, deleted or not.
  /// - Throws: `UserServiceError`: an invalid id or mask, or no such user. `AccessRefusal`: another user than the
  ///   caller, who may get nobody else. `StoreError`: the store failed.
  public func getUser(_ request: GetUserRequest, context: ServerContext) async throws -> User {
    var violations = FieldViolations()
    let mask = ReadMask.parse(request.readMask, field: "read_mask", into: &violations)
    guard let id = FieldRules.id(request.id, field: "id", into: &violations), violations.isEmpty else {
      throw UserServiceError.invalid(violations)
    }
    try context.checkMayTouch(id)
    guard let user = try await store.find(id: id, deadline: context.storeDeadline) else {
      throw UserServiceError.notFound(.id(id))
    }
    return User(user, mask)
  }
}
