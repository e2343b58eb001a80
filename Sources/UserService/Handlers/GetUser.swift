public import RPCCore
public import UserAPI

extension UserServiceHandlers {
  /// Returns a user, deleted or not.
  /// - Throws: `UserServiceError`: an invalid id or mask, or no such user. `AccessRefusal`: another user than the
  ///   caller, who may get nobody else. `StoreError`: the store failed.
  public func getUser(_ request: GetUserRequest, context: ServerContext) async throws -> User {
    var violations = FieldViolations()
    let mask = ReadMask.parse(request.readMask, field: "read_mask", into: &violations)
    let staleness = Self.staleness(request.maxStaleness, into: &violations)
    guard let id = FieldRules.id(request.id, field: "id", into: &violations), violations.isEmpty else {
      throw UserServiceError.invalid(violations)
    }
    try context.checkMayTouch(id)
    let deadline = context.storeDeadline
    let found: UserRecord?
    if let staleness {
      found = try await reading(within: staleness) { store throws(StoreError) in
        try await store.find(id: id, deadline: deadline)
      }
    } else {
      found = try await store.find(id: id, deadline: deadline)
    }
    guard let user = found else {
      throw UserServiceError.notFound(.id(id))
    }
    return User(user, mask)
  }
}
