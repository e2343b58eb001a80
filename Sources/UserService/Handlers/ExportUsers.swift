public import RPCCore
public import UserAPI

extension UserServiceHandlers {
  /// The most users that an export holds at a time.
  static let exportPageSize = 500
  /// The most bytes of users that an export holds at a time, so that many concurrent exports don't take much memory.
  static let exportPageBytes = 1 << 20

  /// Reads a page, sends it at the client's pace, and only then reads the next one: a slow reader holds no transaction,
  /// no connection, and no more than a page. A user that is created or deleted meanwhile may be missing; every other
  /// user is sent exactly once.
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
