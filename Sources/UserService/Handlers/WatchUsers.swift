public import RPCCore
public import UserAPI

extension UserServiceHandlers {
  /// After how long a silent stream says that it is alive: proxies end streams that are silent for a minute.
  public static let heartbeatInterval = Duration.seconds(15)
  static let maximumWatchedUsers = 100

  /// Sends changes as they appear in the feed. It runs until its caller or the server ends it.
  /// - Throws: `UserServiceError`: invalid fields. `AccessRefusal`: no right to read users. `StoreError`: the changes
  ///   after the token are gone, or the store failed. `WatchEnd`: the server stops.
  public func watchUsers(
    _ request: WatchUsersRequest, responses: ResponseWriter<WatchUsersResponse>, context: ServerContext
  ) async throws {
    let filter = try WatchFilter(request)
    if filter.includesUser { try context.checkHasScope("users.read") }
    let key = try await store.pageTokenKey(deadline: context.storeDeadline)
    let begin = try await begin(request, key, context)
    guard feed.join(includingUsers: filter.includesUser) else { throw WatchEnd.serverStops }
    defer { feed.leave(includingUsers: filter.includesUser) }
    try await responses.write(WatchUsersResponse(at: begin, key: key))
    context.enterStage("it watched users")
    try await watch(from: begin, filter, key, responses)
  }

  /// Where the stream begins. A token of an invalid place fails here, before the first message.
  private func begin(
    _ request: WatchUsersRequest, _ key: PageTokenKey, _ context: ServerContext
  ) async throws -> FeedPosition {
    guard !request.resumeToken.isEmpty else { return try await store.lastEvent(deadline: context.storeDeadline) }
    guard let position = ResumeToken.decode(request.resumeToken, key: key) else {
      var violations = FieldViolations()
      violations.add("resume_token", .invalidPageToken, "must be a resume_token of this directory")
      throw UserServiceError.invalid(violations)
    }
    _ = try await store.events(after: position, limit: 1, deadline: context.storeDeadline)
    return position
  }

  private func watch(
    from begin: FeedPosition, _ filter: WatchFilter, _ key: PageTokenKey,
    _ responses: ResponseWriter<WatchUsersResponse>
  ) async throws {
    var position = begin
    let heartbeat = Heartbeat(every: heartbeatInterval)
    while !Task.isCancelled {
      guard let next = feed.next(after: position) else { throw WatchEnd.serverStops }
      switch next.found {
      case .items(let items, let end):
        position = try await send(items, end, filter, heartbeat, responses)
      case .outside:
        let page = try await store.events(after: position, limit: UserFeed.pageSize, deadline: nil)
        let items = try await feed.watched(page.events, withUsers: filter.includesUser)
        if page.end == position { await feed.wait(after: next.version) { heartbeat.arm($0) } }
        position = try await send(items[...], page.end, filter, heartbeat, responses)
      case .gone:
        throw StoreError.refused(.eventsGone)
      case .nothing:
        await feed.wait(after: next.version) { heartbeat.arm($0) }
        heartbeat.disarm()
      }
      guard heartbeat.isDue else { continue }
      try await responses.write(WatchUsersResponse(at: position, key: key))
      heartbeat.sent()
    }
    throw CancellationError()
  }

  private func send(
    _ items: ArraySlice<WatchedEvent>, _ end: FeedPosition, _ filter: WatchFilter, _ heartbeat: Heartbeat,
    _ responses: ResponseWriter<WatchUsersResponse>
  ) async throws -> FeedPosition {
    for item in items where filter.matches(item.event) {
      var item = item
      // The window read it before anybody wanted the users.
      if filter.includesUser, !item.hasUser { item = try await feed.watched([item.event], withUsers: true)[0] }
      try await responses.write(item.response(includingUser: filter.includesUser))
      heartbeat.sent()
    }
    return end
  }
}

/// Why the service ends a stream of changes.
enum WatchEnd: Error, RPCErrorConvertible {
  case serverStops

  var rpcError: RPCError {
    RPCError(
      .unavailable, "The server stops. Go on elsewhere, from the last resume token.",
      details: [UserServiceError.info("SERVER_STOPPING")])
  }
}
