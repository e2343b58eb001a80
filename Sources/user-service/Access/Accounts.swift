import EventLoop
import Logging
import Postgres
import PostgresUserStore
import Primitives
import RPCServer
import Transport
import UserService

/// What signing in needs while it serves.
struct Accounts: Sendable {
  let store: PostgresAccountStore
  let hasher: PasswordHasher
  let ended = EndedSessions()
  let rehashing: Rehashing
  let handlers: AccountServiceHandlers

  /// How often sessions and one-time tokens that ended long ago are removed, and how many at a time.
  private static let pruning = (period: Duration.seconds(600), batch: 500)

  /// - Parameter onWrite: called after each write that has an event.
  init(
    _ access: Service.Access, database: PostgresClient, users: PostgresUserStore,
    onWrite: @escaping @Sendable () -> Void
  ) {
    store = PostgresAccountStore(client: database, onWrite: onWrite)
    hasher = PasswordHasher(cost: access.passwordCost)
    rehashing = Rehashing(store: store, hasher: hasher)
    handlers = AccountServiceHandlers(
      store: store, users: users, hasher: hasher, keys: access.keys, authority: access.authority, ended: ended,
      rehashing: rehashing, refused: access.refusedPasswords, now: WallClock.seconds)
  }

  /// - Parameter report: makes what is told of a worker's state, by its name.
  func workers(
    on loop: EventLoop, logger: Logger, report: (String) -> @Sendable (WorkerState) -> Void
  ) -> [BackgroundWorker] {
    let feed = EndedSessionsFeed(store: store, ended: ended, now: WallClock.seconds)
    let (rehashing, store) = (rehashing, store)
    let replacing = BackgroundWorker("rehashing", on: loop, logger: logger, onChange: report("rehashing")) {
      try await rehashing.turn()
    }
    rehashing.onWork { replacing.wake() }
    return [
      BackgroundWorker(
        "ended-sessions", on: loop, logger: logger, backoff: Backoff(first: .seconds(1), limit: .seconds(2)),
        onChange: report("ended-sessions")
      ) { try await feed.turn() },
      replacing,
      BackgroundWorker("session-pruning", on: loop, logger: logger, onChange: report("session-pruning")) {
        let sessions = try await store.prune(limit: Self.pruning.batch)
        let tokens = try await store.pruneTokens(limit: Self.pruning.batch)
        return max(sessions, tokens) < Self.pruning.batch ? Self.pruning.period : .zero
      },
    ]
  }
}
