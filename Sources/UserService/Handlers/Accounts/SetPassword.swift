public import RPCCore
public import UserAPI

extension AccountServiceHandlers {
  /// Sets a password, or a hash of it, and ends all sessions of the user.
  /// - Throws: `UserServiceError`: invalid fields. `PasswordHasher.Failure`: overload. `StoreError`: no such user, or
  ///   the store failed.
  public func setPassword(_ request: SetPasswordRequest, context: ServerContext) async throws -> Account {
    var violations = FieldViolations()
    let user = FieldRules.id(request.userID, field: "user_id", into: &violations)
    var (password, hash): (Password?, PasswordHash?) = (nil, nil)
    switch request.credential {
    case .password(let text):
      password = new(text, field: "password", of: try await email(of: user, context), into: &violations)
    case .passwordHash(let text):
      hash = PasswordHash(text)
      if hash == nil {
        violations.add("password_hash", .invalidFormat, "must be a hash of a scheme and a cost that the server accepts")
      }
    case nil: violations.add("password", .required, "or password_hash must be given")
    }
    try violations.check()
    guard let user else { throw UserServiceError.invalid(violations) }
    if let password { hash = try await hashed(password, context) }
    guard let hash else { throw UserServiceError.invalid(violations) }
    return account(
      after: try await store.setPassword(
        of: user, hash: hash.text, expecting: nil, keeping: nil, deadline: context.storeDeadline))
  }

  /// The email of a user, which is no good password. Nil if there is none.
  func email(of user: UserID?, _ context: ServerContext) async throws -> EmailAddress? {
    guard let user, let found = try await users.find(id: user, deadline: context.storeDeadline) else { return nil }
    return try? EmailAddress(found.email)
  }

  func new(
    _ text: String, field: String, of email: EmailAddress?, into violations: inout FieldViolations
  ) -> Password? {
    do throws(Password.Fault) {
      let password = try Password(new: text, email: email)
      guard !refused.contains(text) else { throw .refused }
      return password
    } catch {
      violations.add(field, error)
      return nil
    }
  }

  func hashed(_ password: Password, _ context: ServerContext) async throws -> PasswordHash {
    try await hasher.withPlace { () -> PasswordHash in
      context.enterStage("the password waited to be hashed")
      return try await hasher.hash(password, deadline: context.deadline?.nanoseconds)
    }
  }
}
