public import RPCCore
public import UserAPI

extension UserServiceHandlers {
  static let defaultPageSize = 50
  static let maximumPageSize = 1000

  public func listUsers(_ request: ListUsersRequest, context: ServerContext) async throws -> ListUsersResponse {
    let query = try pageQuery(request)
    let page = try await store.page(query, deadline: context.storeDeadline)
    var response = ListUsersResponse()
    response.users = page.users.map { User($0) }
    if let next = page.next {
      response.nextPageToken = PageToken.encode(next, order: query.order, showDeleted: query.showDeleted)
    }
    return response
  }

  private func pageQuery(_ request: ListUsersRequest) throws -> UserPageQuery {
    var violations = FieldViolations()
    if request.pageSize < 0 { violations.add("page_size", .outOfRange, "must not be negative") }
    guard let order = UserOrder(orderBy: request.orderBy) else {
      violations.add(
        "order_by", .invalidFormat, "must be create_time or email, followed by desc for the reverse order")
      throw UserServiceError.invalid(violations)
    }
    var cursor: UserCursor?
    if !request.pageToken.isEmpty {
      cursor = PageToken.decode(request.pageToken, order: order, showDeleted: request.showDeleted)
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
