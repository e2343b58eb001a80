public import RPCCore
public import UserAPI

extension UserServiceHandlers {
  static let defaultPageSize = 50
  static let maximumPageSize = 1000

  /// Returns a page of users, and a token for the next page if there is one.
  /// - Throws: `UserServiceError`: an invalid page size or order, or a page token of another request. `StoreError`.
  public func listUsers(_ request: ListUsersRequest, context: ServerContext) async throws -> ListUsersResponse {
    let deadline = context.storeDeadline
    let key = request.pageToken.isEmpty ? nil : try await store.pageTokenKey(deadline: deadline)
    let query = try pageQuery(request, key)
    let page = try await store.page(query, deadline: deadline)
    var response = ListUsersResponse()
    response.users = page.users.map { User($0) }
    if let next = page.next {
      let key = if let key { key } else { try await store.pageTokenKey(deadline: deadline) }
      guard let token = PageToken.encode(next, order: query.order, showDeleted: query.showDeleted, key: key) else {
        throw UserServiceError.pageTokenNotSealed
      }
      response.nextPageToken = token
    }
    return response
  }

  private func pageQuery(_ request: ListUsersRequest, _ key: PageTokenKey?) throws -> UserPageQuery {
    var violations = FieldViolations()
    if request.pageSize < 0 { violations.add("page_size", .outOfRange, "must not be negative") }
    guard let order = UserOrder(orderBy: request.orderBy) else {
      violations.add(
        "order_by", .invalidFormat, "must be create_time or email, followed by desc for the reverse order")
      throw UserServiceError.invalid(violations)
    }
    var cursor: UserCursor?
    if let key {
      cursor = PageToken.decode(request.pageToken, order: order, showDeleted: request.showDeleted, key: key)
      if cursor == nil {
        violations.add(
          "page_token", .invalidPageToken, "must be a next_page_token of the same order_by and show_deleted")
      }
    }
    try violations.check()
    let size = request.pageSize == 0 ? Self.defaultPageSize : min(Int(request.pageSize), Self.maximumPageSize)
    return UserPageQuery(order: order, showDeleted: request.showDeleted, cursor: cursor, limit: size)
  }
}
