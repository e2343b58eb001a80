internal import ProtoWire
public import RPCCore
public import UserAPI

extension UserServiceHandlers {
  /// The most items of a batch: a response of so many users with all labels fits the 4 MiB that clients take.
  static let maximumBatch = 100

  /// Stores a new user. With `validate_only`, only returns what that would return.
  /// - Throws: `UserServiceError`: invalid fields. `StoreError`: an id or email that is taken, a `request_id` of
  ///   another request.
  public func createUser(_ request: CreateUserRequest, context: ServerContext) async throws -> User {
    var violations = FieldViolations()
    let requestID = request.requestID.isEmpty ? nil : Self.requestID(request.requestID, into: &violations)
    let user = newUser(request, at: "", into: &violations)
    guard violations.isEmpty, let user else { throw UserServiceError.invalid(violations) }
    let deadline = context.storeDeadline
    if request.validateOnly { return User(try await store.preview(user, deadline: deadline)) }
    if let requestID {
      guard let once = CreationRequest(id: requestID, of: user) else { throw UserServiceError.noMemory }
      return User(try await store.create(user, once: once, by: context.author, deadline: deadline))
    }
    return User(try await store.create(user, by: context.author, deadline: deadline))
  }

  /// Stores all users, or none.
  /// - Throws: as `createUser`, with the index of the request.
  public func batchCreateUsers(
    _ request: BatchCreateUsersRequest, context: ServerContext
  ) async throws -> BatchCreateUsersResponse {
    var violations = FieldViolations()
    Self.checkBatch(request.requests.count, field: "requests", into: &violations)
    var users: [NewUser] = []
    for (index, request) in request.requests.prefix(Self.maximumBatch).enumerated() {
      let path = "requests[\(index)]."
      if request.validateOnly {
        violations.add("\(path)validate_only", .unknownField, "must not be set in a batch")
      }
      if !request.requestID.isEmpty {
        violations.add("\(path)request_id", .unknownField, "must not be set in a batch")
      }
      if let user = newUser(request, at: path, into: &violations) { users.append(user) }
    }
    try violations.check()
    let created = try await store.create(users, by: context.author, deadline: context.storeDeadline)
    return .with { $0.users = created.map { User($0) } }
  }

  static func checkBatch(_ count: Int, field: String, into violations: inout FieldViolations) {
    if count == 0 { violations.add(field, .required, "must not be empty") }
    if count > maximumBatch {
      violations.add(field, .tooMany, "must not have more than \(maximumBatch) entries")
    }
  }

  private static func requestID(_ text: String, into violations: inout FieldViolations) -> UserID? {
    FieldRules.newID(text, field: "request_id", into: &violations)
  }

  /// The user of a request. Nil if the request has violations.
  func newUser(
    _ request: CreateUserRequest, at path: String, into violations: inout FieldViolations
  ) -> NewUser? {
    let id =
      request.userID.isEmpty
      ? ids.next() : FieldRules.newID(request.userID, field: "\(path)user_id", into: &violations)
    guard let user = request.user else {
      violations.add("\(path)user", .required, "must be given")
      return nil
    }
    let email = FieldRules.email(user.email, field: "\(path)user.email", into: &violations)
    let name = FieldRules.name(user.name, field: "\(path)user.name", into: &violations)
    let labels = FieldRules.labels(user.labels, field: "\(path)user.labels", into: &violations)
    guard let id, let email, let name, let labels else { return nil }
    return NewUser(id: id, isIDChosen: !request.userID.isEmpty, email: email, name: name, labels: labels)
  }
}
