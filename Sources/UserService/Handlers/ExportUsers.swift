public import RPCCore
public import UserAPI

extension UserServiceHandlers {
  /// Users that an export holds at a time.
  static let exportPageSize = 500
  /// Their size: many exports at once must not be many times the largest page.
  static let exportPageBytes = 1 << 20

  /// Reads a page, hands it to the client at the client's pace, and only then reads the next one: no transaction, no
  /// connection and no more than a page is held for a slow reader. What is created or deleted meanwhile may be missing
  /// or not; everybody else comes exactly once.
  public func exportUsers(
    _ request: ExportUsersRequest, responses: ResponseWriter<User>, context: ServerContext
  ) async throws {
    var query = UserPageQuery(
      order: UserOrder(.id), showDeleted: request.showDeleted, limit: Self.exportPageSize,
      byteLimit: Self.exportPageBytes)
    repeat {
      try Task.checkCancellation()
      let page = try await store.page(query, deadline: context.storeDeadline)
      context.enterStage("the client read the export")
      for user in page.users { try await responses.write(User(user)) }
      query.cursor = page.next
    } while query.cursor != nil
  }
}
