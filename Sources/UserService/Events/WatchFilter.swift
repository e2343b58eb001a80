internal import UserAPI

/// What a watcher wants to see.
struct WatchFilter {
  /// Nil: all.
  private let users: Set<UserID>?
  /// Nil: all.
  private let kinds: Set<UserEvent.Kind>?
  /// Whether each event comes with its user.
  let includesUser: Bool

  /// - Throws: `UserServiceError` that names what is wrong.
  init(_ request: WatchUsersRequest) throws {
    var violations = FieldViolations()
    if request.userIds.count > UserServiceHandlers.maximumWatchedUsers {
      violations.add("user_ids", .tooMany, "must not have more than \(UserServiceHandlers.maximumWatchedUsers) ids")
      throw UserServiceError.invalid(violations)
    }
    var users: Set<UserID> = []
    for (index, text) in request.userIds.enumerated() {
      if let id = FieldRules.id(text, field: "user_ids[\(index)]", into: &violations) { users.insert(id) }
    }
    var kinds: Set<UserEvent.Kind> = []
    for (index, kind) in request.kinds.enumerated() {
      guard let known = UserEvent.Kind.allCases.first(where: { UserAPI.UserEvent.Kind($0) == kind }) else {
        violations.add("kinds[\(index)]", .outOfRange, "must be a kind of event")
        continue
      }
      kinds.insert(known)
    }
    try violations.check()
    self.users = users.isEmpty ? nil : users
    self.kinds = kinds.isEmpty ? nil : kinds
    includesUser = request.includeUser
  }

  /// Whether the watcher wants the event.
  func matches(_ event: UserEvent) -> Bool {
    users?.contains(event.userID) != false && kinds?.contains(event.kind) != false
  }
}
