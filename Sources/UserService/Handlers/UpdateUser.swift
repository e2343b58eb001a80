import ProtoWire
public import RPCCore
public import UserAPI

extension UserServiceHandlers {
  /// Changes the fields that the mask names, and returns the user.
  /// - Throws: `UserServiceError`: invalid fields or mask. `StoreError`: no such user, a deleted user, another etag,
  ///   too many labels, or a taken email.
  public func updateUser(_ request: UpdateUserRequest, context: ServerContext) async throws -> User {
    var violations = FieldViolations()
    let update = Self.update(request, at: "", into: &violations)
    guard violations.isEmpty, let update else { throw UserServiceError.invalid(violations) }
    return User(
      try await store.update(
        update.id, update.change, expecting: update.expecting, by: context.author, deadline: context.storeDeadline))
  }

  /// Changes all users, or none.
  /// - Throws: as `updateUser`, with the index of the request.
  public func batchUpdateUsers(
    _ request: BatchUpdateUsersRequest, context: ServerContext
  ) async throws -> BatchUpdateUsersResponse {
    var violations = FieldViolations()
    Self.checkBatch(request.requests.count, field: "requests", into: &violations)
    var updates: [UserUpdate] = []
    var seen: Set<UserID> = []
    for (index, request) in request.requests.prefix(Self.maximumBatch).enumerated() {
      guard let update = Self.update(request, at: "requests[\(index)].", into: &violations) else { continue }
      if !seen.insert(update.id).inserted {
        violations.add("requests[\(index)].user.id", .invalidFormat, "must be another user's than those before it")
      }
      updates.append(update)
    }
    try violations.check()
    let users = try await store.update(updates, by: context.author, deadline: context.storeDeadline)
    return .with { $0.users = users.map { User($0) } }
  }

  /// The change of a request. Nil if the request has violations.
  static func update(
    _ request: UpdateUserRequest, at path: String, into violations: inout FieldViolations
  ) -> UserUpdate? {
    let before = violations.count
    let mask = UpdateMask.parse(
      request.updateMask?.paths ?? [], populated: request.user?.populatedFields ?? [], field: "\(path)update_mask",
      into: &violations)
    guard let user = request.user else {
      violations.add("\(path)user", .required, "must be given")
      return nil
    }
    let id = FieldRules.id(user.id, field: "\(path)user.id", into: &violations)
    let change = change(user, mask, at: path, into: &violations)
    guard violations.count == before, let id else { return nil }
    return UserUpdate(id, change, expecting: VersionCondition(etag: user.etag, of: id))
  }

  /// What a mask changes of a user.
  static func change(
    _ user: User, _ mask: UpdateMask, at path: String, into violations: inout FieldViolations
  ) -> UserChange {
    var change = UserChange()
    if mask.contains(.email) {
      change.email = FieldRules.email(user.email, field: "\(path)user.email", into: &violations)
    }
    if mask.contains(.name) { change.name = FieldRules.name(user.name, field: "\(path)user.name", into: &violations) }
    if mask.contains(.labels) {
      change.labels = FieldRules.labels(user.labels, field: "\(path)user.labels", into: &violations)
    }
    if !mask.labelKeys.isEmpty {
      let set = user.labels.filter { mask.labelKeys.contains($0.key) }
      change.setLabels = FieldRules.labels(set, field: "\(path)user.labels", into: &violations) ?? [:]
      change.removedLabels = mask.labelKeys.subtracting(set.keys)
    }
    return change
  }
}

extension User {
  /// The mutable fields that are not empty: what an update without a mask changes.
  var populatedFields: UpdateMask {
    var fields: UpdateMask = []
    if !email.isEmpty { fields.insert(.email) }
    if !name.isEmpty { fields.insert(.name) }
    if !labels.isEmpty { fields.insert(.labels) }
    return fields
  }
}
