import ProtoWire
public import RPCCore
public import UserAPI

extension UserServiceHandlers {
  /// Changes the fields that the mask names, and returns the user.
  /// - Throws: `UserServiceError`: invalid fields or mask. `StoreError`: no such user, a deleted user, another etag, or
  ///   a taken email.
  public func updateUser(_ request: UpdateUserRequest, context: ServerContext) async throws -> User {
    var violations = FieldViolations()
    let mask = UpdateMask.parse(
      request.updateMask?.paths ?? [], populated: request.user?.populatedFields ?? [], field: "update_mask",
      into: &violations)
    guard let user = request.user else {
      violations.add("user", .required, "must be given")
      throw UserServiceError.invalid(violations)
    }
    let id = FieldRules.id(user.id, field: "user.id", into: &violations)
    var change = UserChange()
    if mask.contains(.email) { change.email = FieldRules.email(user.email, field: "user.email", into: &violations) }
    if mask.contains(.name) { change.name = FieldRules.name(user.name, field: "user.name", into: &violations) }
    if mask.contains(.labels) {
      change.labels = FieldRules.labels(user.labels, field: "user.labels", into: &violations)
    }
    guard violations.isEmpty, let id else { throw UserServiceError.invalid(violations) }
    return User(
      try await store.update(
        id, change, expecting: VersionCondition(etag: user.etag, of: id), by: context.author,
        deadline: context.storeDeadline))
  }
}

extension User {
  /// The mutable fields that are not empty: what an update without a mask changes.
  fileprivate var populatedFields: UpdateMask {
    var fields: UpdateMask = []
    if !email.isEmpty { fields.insert(.email) }
    if !name.isEmpty { fields.insert(.name) }
    if !labels.isEmpty { fields.insert(.labels) }
    return fields
  }
}
