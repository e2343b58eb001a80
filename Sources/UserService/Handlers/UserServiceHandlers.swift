import RPCCore
public import UserAPI

/// `users.v1.UserService` on a store. Each call has a file of its own beside this one.
public struct UserServiceHandlers: UserServiceProvider {
  /// The name of the service in health checks and reflection.
  public static let serviceName = UserServiceMethods.service.name

  let store: any UserStore
  let ids: UserIDGenerator
  let feed: UserFeed
  let heartbeatInterval: Duration

  /// - Parameters:
  ///   - store: where users are kept.
  ///   - ids: makes ids for users whose creator chose none.
  ///   - feed: reads the store's events for WatchUsers; nil: one that nobody runs, so that no events arrive.
  ///   - heartbeatInterval: after how long a stream of WatchUsers says that it is alive.
  public init(
    store: any UserStore, ids: UserIDGenerator = UserIDGenerator(), feed: UserFeed? = nil,
    heartbeatInterval: Duration = Self.heartbeatInterval
  ) {
    self.store = store
    self.ids = ids
    self.feed = feed ?? UserFeed(store: store)
    self.heartbeatInterval = heartbeatInterval
  }
}

extension ServerContext {
  /// The deadline for the store. Notes that the call now waits for the database.
  var storeDeadline: UInt64? {
    guard let deadline else { return nil }
    enterStage("it waited for the database")
    return deadline.nanoseconds
  }
}
