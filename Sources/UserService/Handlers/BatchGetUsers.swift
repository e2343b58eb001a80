public import RPCCore
public import UserAPI

extension UserServiceHandlers {
  /// Returns users by their ids, all or none.
  /// - Throws: `UserServiceError`: invalid ids or mask. `StoreError`: one of them is not there, with its index.
  public func batchGetUsers(
    _ request: BatchGetUsersRequest, context: ServerContext
  ) async throws -> BatchGetUsersResponse {
    var violations = FieldViolations()
    Self.checkBatch(request.ids.count, field: "ids", into: &violations)
    let mask = ReadMask.parse(request.readMask, field: "read_mask", into: &violations)
    let staleness = Self.staleness(request.maxStaleness, into: &violations)
    var ids: [UserID] = []
    for (index, text) in request.ids.prefix(Self.maximumBatch).enumerated() {
      if let id = FieldRules.id(text, field: "ids[\(index)]", into: &violations) { ids.append(id) }
    }
    try violations.check()
    var response = BatchGetUsersResponse()
    let deadline = context.storeDeadline
    let users = try await reading(within: staleness) { [ids] store throws(StoreError) in
      try await store.find(ids: ids, deadline: deadline)
    }
    for (index, user) in users.enumerated() {
      guard let user else { throw StoreError.refusedItem(index, .notFound(ids[index])) }
      response.users.append(User(user, mask))
    }
    return response
  }
}
