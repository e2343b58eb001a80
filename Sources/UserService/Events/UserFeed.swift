internal import EventLoop
internal import UserAPI
internal import Synchronization

/// The one reader of the store's events in a process. It hands them to all watchers, so that a thousand of them cost
/// the store one query. Its owner runs `turn` in a `BackgroundWorker`. Any thread may use it.
///
/// It reads only while somebody watches. It keeps the newest events; a watcher that falls further behind reads from the
/// store for itself until it has caught up, so a slow one costs neither memory nor others their time.
public final class UserFeed: Sendable {
  /// How many events are kept for watchers that are a little behind.
  static let windowSize = 4096
  /// How many events are read at a time.
  static let pageSize = 500
  /// How long the worker rests while nobody watches. The first watcher wakes it.
  private static let longRest = Duration.seconds(3600)

  private struct State {
    var window = FeedWindow<WatchedEvent>(capacity: UserFeed.windowSize)
    var watchers = 0
    /// How many of the watchers want the users too.
    var userReaders = 0
    var isStopped = false
    /// Grows with each change of the window.
    var version = 0
    var nextWaiter = 0
    var waiters: [Int: UnsafeContinuation<Void, Never>] = [:]
    var wake: @Sendable () -> Void = {}
  }

  let store: any UserStore
  private let poll: Duration
  private let state = Mutex(State())

  /// - Parameters:
  ///   - store: whose events they are.
  ///   - poll: how often it looks for events that nobody told it of.
  public init(store: any UserStore, poll: Duration = .seconds(1)) {
    self.store = store
    self.poll = poll
  }

  /// What wakes the worker when there is somebody to read for: `BackgroundWorker.wake()`.
  public func onDemand(_ wake: @escaping @Sendable () -> Void) { state.withLock { $0.wake = wake } }

  /// Says that there may be new events.
  public func nudge() {
    let wake = state.withLock { $0.watchers > 0 ? $0.wake : nil }
    wake?()
  }

  /// Ends all watchers' calls, with UNAVAILABLE, and lets no new ones begin.
  public func stop() {
    change { $0.isStopped = true }
  }

  // MARK: Reading

  /// Reads the next events, if somebody watches.
  /// - Returns: how long to rest until the next turn.
  /// - Throws: `StoreError`, and `UserServiceError` if tokens can't be made.
  public func turn() async throws -> Duration {
    let (isNeeded, withUsers, end) = state.withLock { state in
      if state.watchers == 0 { state.window.reset(to: nil) }
      return (state.watchers > 0, state.userReaders > 0, state.window.end)
    }
    guard isNeeded else { return Self.longRest }
    guard let end else {
      let last = try await store.lastEvent(deadline: nil)
      change { $0.window.reset(to: last) }
      return .zero
    }
    guard let page = try await page(after: end) else {
      // The store was set back. Each watcher finds out for itself whether it is concerned.
      change { $0.window.reset(to: nil) }
      return .zero
    }
    guard page.end != end else { return poll }
    let items = try await watched(page.events, withUsers: withUsers)
    change { $0.window.append(items, end: page.end) }
    return page.events.count < Self.pageSize ? poll : .zero
  }

  /// Nil if the events after the position are gone.
  private nonisolated(nonsending) func page(after end: FeedPosition) async throws(StoreError) -> UserEventPage? {
    do throws(StoreError) {
      return try await store.events(after: end, limit: Self.pageSize, deadline: nil)
    } catch {
      if case .refused(.eventsGone) = error { return nil }
      throw error
    }
  }

  /// Events with all that their messages need.
  nonisolated(nonsending) func watched(
    _ events: [UserEvent], withUsers: Bool
  ) async throws(StoreError) -> [WatchedEvent] {
    let key = try await store.pageTokenKey(deadline: nil)
    let users = withUsers ? try await users(of: events) : [:]
    var items: [WatchedEvent] = []
    items.reserveCapacity(events.count)
    for event in events {
      guard let token = ResumeToken.encode(event.position, key: key) else {
        throw .failed(StoreFailure(.internal, isSafeToRetry: true, cause: UserServiceError.pageTokenNotSealed))
      }
      var response = WatchUsersResponse()
      response.resumeToken = token
      response.event = UserAPI.UserEvent(event)
      items.append(
        WatchedEvent(event: event, response: response, hasUser: withUsers, user: users[event.userID]))
    }
    return items
  }

  /// The users as they are now. Lookups of one turn share a statement.
  private nonisolated(nonsending) func users(of events: [UserEvent]) async throws(StoreError) -> [UserID: User] {
    let ids = Set(events.lazy.filter { $0.kind != .purged }.map(\.userID))
    let store = store
    let found = await withTaskGroup(of: Result<UserRecord?, StoreError>.self) { group in
      for id in ids {
        group.addTask {
          do throws(StoreError) {
            return .success(try await store.find(id: id, deadline: nil))
          } catch {
            return .failure(error)
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    var users: [UserID: User] = [:]
    for result in found {
      switch result {
      case .success(let user): if let user { users[user.id] = User(user) }
      // A user that can't be read must not hold up the events of all others.
      case .failure(.failed(let failure)) where failure.kind == .internal: break
      case .failure(let error): throw error
      }
    }
    return users
  }

  private func change(_ body: (inout State) -> Void) {
    let waiters = state.withLock { state -> [UnsafeContinuation<Void, Never>] in
      body(&state)
      state.version += 1
      defer { state.waiters = [:] }
      return Array(state.waiters.values)
    }
    for waiter in waiters { waiter.resume() }
  }

  // MARK: Watching

  /// Counts a watcher in.
  /// - Returns: false if the feed has stopped.
  func join(includingUsers: Bool) -> Bool {
    let wake = state.withLock { state -> (@Sendable () -> Void)? in
      guard !state.isStopped else { return nil }
      state.watchers += 1
      if includingUsers { state.userReaders += 1 }
      return state.watchers == 1 ? state.wake : {}
    }
    wake?()
    return wake != nil
  }

  /// Counts a watcher out.
  func leave(includingUsers: Bool) {
    state.withLock { state in
      state.watchers -= 1
      if includingUsers { state.userReaders -= 1 }
    }
  }

  /// What there is for a watcher at a position, and the version of the feed that says so. Nil if the feed has stopped.
  func next(after position: FeedPosition) -> (found: FeedWindow<WatchedEvent>.Found, version: Int)? {
    state.withLock { state in
      state.isStopped ? nil : (state.window.next(after: position, limit: Self.pageSize), state.version)
    }
  }

  /// Waits until the feed has another version than this, or somebody calls the function that `begin` gets.
  nonisolated(nonsending) func wait(
    after version: Int, begin: (@escaping @Sendable () -> Void) -> Void
  ) async {
    let id = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    let end: @Sendable () -> Void = { [self] in state.withLock { $0.waiters.removeValue(forKey: id) }?.resume() }
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let isOver = state.withLock { state in
          if state.version != version || state.isStopped || Task.isCancelled { return true }
          state.waiters[id] = continuation
          return false
        }
        if isOver { return continuation.resume() }
        begin(end)
      }
    } onCancel: {
      end()
    }
  }
}
