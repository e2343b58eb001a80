public import RPCCore
public import UserAPI

extension UserServiceHandlers {
  static let defaultPageSize = 50
  static let maximumPageSize = 1000
  /// Counting ends here: it reads an index from one end to the other.
  static let maximumTotalSize = 1_000_000

  /// Returns a page of users, and a token for the next page if there is one.
  /// - Throws: `UserServiceError`: an invalid page size, order, filter or mask, a filter that no index answers, or a
  ///   page token of another request. `StoreError`.
  public func listUsers(_ request: ListUsersRequest, context: ServerContext) async throws -> ListUsersResponse {
    let deadline = context.storeDeadline
    let key = request.pageToken.isEmpty ? nil : try await store.pageTokenKey(deadline: deadline)
    var violations = FieldViolations()
    let mask = ReadMask.parse(request.readMask, field: "read_mask", into: &violations)
    let staleness = Self.staleness(request.maxStaleness, into: &violations)
    let plan = try self.plan(request, &violations)
    let query = try pageQuery(request, plan, key, &violations)
    var response = ListUsersResponse()
    if let email = plan.email {
      let user = try await reading(within: staleness) { store throws(StoreError) in
        try await store.find(email: email, deadline: deadline)
      }
      if let user, plan.states.contains(isDeleted: user.isDeleted), plan.filter.matches(user) {
        response.users = [User(user, mask)]
      }
      if request.showTotalSize { response.totalSize = Int32(response.users.count) }
      return response
    }
    let page = try await reading(within: staleness) { store throws(StoreError) in
      try await store.page(query, deadline: deadline)
    }
    response.users = page.users.map { User($0, mask) }
    if let next = page.next {
      let key = if let key { key } else { try await store.pageTokenKey(deadline: deadline) }
      guard
        let token = PageToken.encode(
          next, order: query.order, showDeleted: request.showDeleted, filter: plan.fingerprint, key: key)
      else { throw UserServiceError.pageTokenNotSealed }
      response.nextPageToken = token
    }
    if request.showTotalSize {
      let total = try await reading(within: staleness) { store throws(StoreError) in
        try await store.count(query, limit: Self.maximumTotalSize, deadline: deadline)
      }
      response.totalSize = Int32(clamping: total)
    }
    return response
  }

  private func plan(_ request: ListUsersRequest, _ violations: inout FieldViolations) throws -> ListPlan {
    if request.pageSize < 0 { violations.add("page_size", .outOfRange, "must not be negative") }
    let plan = ListPlan.make(
      filter: request.filter, orderBy: request.orderBy, showDeleted: request.showDeleted, into: &violations)
    guard let plan else { throw UserServiceError.invalid(violations) }
    return plan
  }

  private func pageQuery(
    _ request: ListUsersRequest, _ plan: ListPlan, _ key: PageTokenKey?, _ violations: inout FieldViolations
  ) throws -> UserPageQuery {
    var cursor: UserCursor?
    if let key {
      cursor = PageToken.decode(
        request.pageToken, order: plan.order, showDeleted: request.showDeleted, filter: plan.fingerprint, key: key)
      if cursor == nil {
        violations.add(
          "page_token", .invalidPageToken, "must be a next_page_token of the same filter, order_by and show_deleted")
      }
    }
    try violations.check()
    let size = request.pageSize == 0 ? Self.defaultPageSize : min(Int(request.pageSize), Self.maximumPageSize)
    return UserPageQuery(
      order: plan.order, states: plan.states, range: plan.range, label: plan.label, cursor: cursor, limit: size)
  }
}
