public import RPCCore
public import UserAPI

extension UserServiceHandlers {
  /// Stores a new user. With `validate_only`, only returns what that would return.
  /// - Throws: `UserServiceError`: invalid fields. `StoreError`: an id or email that is taken.
  public func createUser(_ request: CreateUserRequest, context: ServerContext) async throws -> User {
    let user = try newUser(request)
    let deadline = context.storeDeadline
    if request.validateOnly { return User(try await store.preview(user, deadline: deadline)) }
    return User(try await store.create(user, by: context.author, deadline: deadline))
  }

  private func newUser(_ request: CreateUserRequest) throws -> NewUser {
    var violations = FieldViolations()
    let id =
      request.userID.isEmpty ? ids.next() : FieldRules.newID(request.userID, field: "user_id", into: &violations)
    guard let user = request.user else {
      violations.add("user", .required, "must be given")
      throw UserServiceError.invalid(violations)
    }
    let email = FieldRules.email(user.email, field: "user.email", into: &violations)
    let name = FieldRules.name(user.name, field: "user.name", into: &violations)
    let labels = FieldRules.labels(user.labels, field: "user.labels", into: &violations)
    guard violations.isEmpty, let id, let email, let name, let labels else {
      throw UserServiceError.invalid(violations)
    }
    return NewUser(id: id, isIDChosen: !request.userID.isEmpty, email: email, name: name, labels: labels)
  }
}
