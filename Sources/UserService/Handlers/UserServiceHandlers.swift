import RPCCore
public import UserAPI

/// `users.v1.UserService` on a store. A file beside this one answers each call.
public struct UserServiceHandlers: UserServiceProvider {
  /// As health checks and reflection name it.
  public static let serviceName = UserServiceMethods.service.name

  let store: any UserStore
  let ids: UserIDGenerator

  /// - Parameters:
  ///   - store: where users are kept.
  ///   - ids: what makes ids for users whose creator chose none.
  public init(store: any UserStore, ids: UserIDGenerator = UserIDGenerator()) {
    self.store = store
    self.ids = ids
  }
}

extension ServerContext {
  /// What a store is given for a deadline; notes that the call now waits for the database.
  var storeDeadline: UInt64? {
    guard let deadline else { return nil }
    enterStage("it waited for the database")
    return deadline.nanoseconds
  }
}
