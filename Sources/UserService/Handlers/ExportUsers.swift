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
  ///
  /// It reads all users of the states, and applies the rest of the filter to what it has read.
  /// - Throws: `UserServiceError`: an invalid filter, mask or id. `StoreError`: the store failed.
  public func exportUsers(
    _ request: ExportUsersRequest, responses: ResponseWriter<User>, context: ServerContext
  ) async throws {
    var violations = FieldViolations()
    let mask = ReadMask.parse(request.readMask, field: "read_mask", keepsID: true, into: &violations)
    let last =
      request.resumeAfter.isEmpty
      ? nil : FieldRules.id(request.resumeAfter, field: "resume_after", into: &violations)
    let filter = exportFilter(request, &violations)
    try violations.check()
    let states: UserStates = filter.isDeleted.map { $0 ? .deleted : .live } ?? (request.showDeleted ? .all : .live)
    var query = UserPageQuery(
      order: UserOrder(.id), states: states, cursor: last.map { .id($0) }, limit: Self.exportPageSize,
      byteLimit: Self.exportPageBytes)
    let selectsAll = filter == UserFilter()
    repeat {
      try Task.checkCancellation()
      let page = try await store.page(query, deadline: context.storeDeadline)
      context.enterStage("the client read the export")
      for user in page.users where selectsAll || filter.matches(user) { try await responses.write(User(user, mask)) }
      query.cursor = page.next
    } while query.cursor != nil
  }

  private func exportFilter(_ request: ExportUsersRequest, _ violations: inout FieldViolations) -> UserFilter {
    do throws(FilterProblem) {
      var filter = try FilterParser.parse(request.filter)
      // Only deleted users have one.
      if filter.times[.deleteTime] != nil, filter.isDeleted == nil { filter.isDeleted = true }
      return filter
    } catch {
      violations.add("filter", error.reason, error.description)
      return UserFilter()
    }
  }
}
