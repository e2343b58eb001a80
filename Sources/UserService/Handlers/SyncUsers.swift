import ProtoWire
public import RPCCore
public import UserAPI

extension UserServiceHandlers {
  private enum SyncEvent: Sendable {
    case request(SyncUsersRequest?)
    case done(Int64, SyncUsersResponse)
  }

  /// Brings each user to its state, up to 64 at a time, and answers in the order of the requests. A client that does
  /// not read its responses is not read either.
  /// - Throws: errors of the stream itself. Those of a request are in its response, except that the store can't be
  ///   reached: then the others would fail too.
  public func syncUsers(
    _ requests: RequestStream<SyncUsersRequest>, responses: ResponseWriter<SyncUsersResponse>, context: ServerContext
  ) async throws {
    let (author, deadline) = (context.author, context.storeDeadline)
    try await withThrowingTaskGroup(of: SyncEvent.self) { group in
      var window = SyncWindow<SyncUsersRequest, SyncUsersResponse>()
      while true {
        switch window.next() {
        case .read:
          group.addTask { .request(try await requests.makeAsyncIterator().next()) }
          continue
        case .start(let index, let request):
          group.addTask { .done(index, try await sync(request, index, author, deadline)) }
          continue
        case .end: return
        case .wait: break
        }
        switch try await group.next() {
        case .request(let request): window.received(request, keys: request.map(Self.keys) ?? [])
        case .done(let index, let response):
          for response in window.finished(index, response) { try await responses.write(response) }
        case nil: return
        }
      }
    }
  }

  /// What two requests of one user have in common.
  private static func keys(_ request: SyncUsersRequest) -> Set<String> {
    guard let user = request.user else { return [] }
    var keys: Set<String> = []
    if let id = UserID(user.id) { keys.insert("id \(id)") }
    if let email = try? EmailAddress(user.email) { keys.insert("email \(email.normalForm)") }
    return keys
  }

  private func sync(
    _ request: SyncUsersRequest, _ index: Int64, _ author: Author?, _ deadline: UInt64?
  ) async throws -> SyncUsersResponse {
    var response = SyncUsersResponse()
    response.index = index
    do {
      let (action, user) = try await sync(request, author, deadline)
      (response.action, response.user) = (action, User(user))
    } catch let error as any RPCErrorConvertible {
      let error = error.rpcError
      if [.unavailable, .deadlineExceeded, .cancelled, .internal].contains(error.code) { throw error }
      response.action = .failed
      response.error = SyncError(error)
    }
    return response
  }

  /// How often a request is tried again because others change the same user meanwhile.
  private static let syncAttempts = 5

  private func sync(
    _ request: SyncUsersRequest, _ author: Author?, _ deadline: UInt64?
  ) async throws -> (SyncUsersResponse.Action, UserRecord) {
    var violations = FieldViolations()
    let mask = UpdateMask.parse(
      request.updateMask?.paths ?? [], populated: request.user?.populatedFields ?? [], field: "update_mask",
      into: &violations)
    guard let user = request.user else {
      violations.add("user", .required, "must be given")
      throw UserServiceError.invalid(violations)
    }
    let id = user.id.isEmpty ? nil : FieldRules.newID(user.id, field: "user.id", into: &violations)
    let needsEmail = user.id.isEmpty || !user.email.isEmpty || mask.contains(.email)
    let email = needsEmail ? FieldRules.email(user.email, field: "user.email", into: &violations) : nil
    var change = Self.change(user, mask.withoutEmail, at: "", into: &violations)
    if mask.contains(.email) { change.email = email }
    try violations.check()
    var last: StoreError = .failed(StoreFailure(.conflict, isSafeToRetry: true))
    for _ in 0..<Self.syncAttempts {
      do throws(StoreError) {
        if let current = try await find(id, email, deadline) {
          return try await bring(current, to: change, user.etag, author, deadline)
        }
        guard let new = newUser(user, id, email, into: &violations) else { break }
        return (.created, try await store.create(new, by: author, deadline: deadline))
      } catch {
        last = error
        // Somebody has created, changed or removed the user since it was looked for.
        switch error {
        case .refused(.alreadyExists), .refused(.notFound): continue
        case .refused(.versionMismatch) where user.etag.isEmpty: continue
        default: throw error
        }
      }
    }
    try violations.check()
    throw last
  }

  private func find(
    _ id: UserID?, _ email: EmailAddress?, _ deadline: UInt64?
  ) async throws(StoreError) -> UserRecord? {
    if let id { return try await store.find(id: id, deadline: deadline) }
    guard let email else { return nil }
    return try await store.find(email: email, deadline: deadline)
  }

  private func bring(
    _ current: UserRecord, to change: UserChange, _ etag: String, _ author: Author?, _ deadline: UInt64?
  ) async throws(StoreError) -> (SyncUsersResponse.Action, UserRecord) {
    let expecting = VersionCondition(etag: etag, of: current.id)
    guard !current.isDeleted else { throw .refused(.isDeleted(current.id)) }
    guard expecting.allows(current.version) else { throw .refused(.versionMismatch(current.id)) }
    let labels = change.labels(from: current.labels)
    let isSame =
      (change.email.map { $0.address.utf8.elementsEqual(current.email.utf8) } ?? true)
      && (change.name.map { $0.utf8.elementsEqual(current.name.utf8) } ?? true)
      && labels.count == current.labels.count
      && labels.allSatisfy { key, value in current.labels[key].map { $0.utf8.elementsEqual(value.utf8) } ?? false }
    if isSame { return (.unchanged, current) }
    let user = try await store.update(
      current.id, change, expecting: .exactly(current.version), by: author, deadline: deadline)
    return (.updated, user)
  }

  /// The user of a request that names none that exists.
  private func newUser(
    _ user: User, _ id: UserID?, _ email: EmailAddress?, into violations: inout FieldViolations
  ) -> NewUser? {
    let email = email ?? FieldRules.email(user.email, field: "user.email", into: &violations)
    let name = FieldRules.name(user.name, field: "user.name", into: &violations)
    let labels = FieldRules.labels(user.labels, field: "user.labels", into: &violations)
    guard let email, let name, let labels else { return nil }
    return NewUser(id: id ?? ids.next(), isIDChosen: id != nil, email: email, name: name, labels: labels)
  }
}

extension SyncError {
  fileprivate init(_ error: RPCError) {
    self.init()
    code = Int32(error.code.rawValue)
    message = error.message
    for detail in error.details {
      if let info: Google_Rpc_ErrorInfo = detail.unpack() { reason = info.reason }
      if let request: Google_Rpc_BadRequest = detail.unpack() { fields = request.fieldViolations.map(\.field) }
    }
  }
}
