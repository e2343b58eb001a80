import EventLoop
import Logging
import Postgres
import PostgresUserStore
import Primitives
import UserService

/// The events of users while it serves: moved into the feed, read for watchers, and removed when they are old.
struct Events: Sendable {
  let feed: UserFeed
  private let sequencer: FeedSequencer
  private let pruning: FeedPruning
  /// Nil: it only polls.
  private let listener: NotificationListener?
  /// The store of users, whose writes nudge the sequencer.
  let users: PostgresUserStore

  init(
    _ settings: Service.EventSettings, database: PostgresClient, retention: Duration, replicas: ReplicaSet?,
    logger: Logger
  ) {
    let sequencer = FeedSequencer(client: database, poll: settings.poll, notifies: settings.listens)
    users = PostgresUserStore(
      client: database, retention: retention, replicas: replicas, logger: logger, onWrite: { sequencer.nudge() })
    let feed = UserFeed(store: users, poll: settings.poll)
    sequencer.onMove { feed.nudge() }
    self.feed = feed
    self.sequencer = sequencer
    pruning = FeedPruning(client: database, retention: settings.retention)
    listener = settings.listens ? sequencer.listener { feed.nudge() } : nil
  }

  /// Moves the event of a write soon. It does not block.
  func nudge() { sequencer.nudge() }

  /// Begins to hear of other processes' events.
  func start() { listener?.start() }

  /// Ends all watchers' calls.
  func stop() async {
    feed.stop()
    await listener?.stop()
  }

  /// - Parameter report: makes what is told of a worker's state, by its name.
  func workers(
    on loop: EventLoop, logger: Logger, report: (String) -> @Sendable (WorkerState) -> Void
  ) -> [BackgroundWorker] {
    let (sequencer, feed, pruning) = (sequencer, feed, pruning)
    let backoff = Backoff(first: .milliseconds(100), limit: .seconds(2))
    let moving = BackgroundWorker(
      "event-sequencer", on: loop, logger: logger, backoff: backoff, onChange: report("event-sequencer")
    ) { try await sequencer.turn() }
    sequencer.onNudge { moving.wake() }
    let reading = BackgroundWorker(
      "event-feed", on: loop, logger: logger, backoff: backoff, onChange: report("event-feed")
    ) { try await feed.turn() }
    feed.onDemand { reading.wake() }
    return [
      moving, reading,
      BackgroundWorker("event-pruning", on: loop, logger: logger, onChange: report("event-pruning")) {
        try await pruning.turn()
      },
    ]
  }
}
