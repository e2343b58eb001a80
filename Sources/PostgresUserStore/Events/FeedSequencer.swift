import EventLoop
public import Postgres
import Primitives
import Synchronization

/// The work of the background worker `event-sequencer`: moves the events of changes into the feed, where each gets a
/// position that all readers agree on.
///  Any number of processes may run it: the lock on the feed's head lets one transaction move at a time, and each
/// process moves when it has written. There is no lease that would keep the others away: a process that finds nothing
/// to move makes one read each `poll`, which costs less than a lease.
public final class FeedSequencer: Sendable {
  /// How many events one transaction moves at most.
  private static let batchSize = 1000
  /// The time between two transactions that move: many writes share one, and so one wake-up of each watcher.
  private static let pace = Duration.milliseconds(20)
  private static let timeLimit = Duration.seconds(20)

  private let client: PostgresClient
  private let poll: Duration
  private let notifies: Bool
  /// Whether the next nudge wakes the worker. It does not while a turn runs, or is about to.
  private let wakes = Atomic(false)
  /// Whether something was written since the last turn began.
  private let isNudged = Atomic(false)
  /// How often in a row others held the head: mostly another process for a moment, but it may be a forgotten session.
  private let refusals = Mutex(0)
  private let wake = Mutex<@Sendable () -> Void>({})
  private let moved = Mutex<@Sendable () -> Void>({})

  /// - Parameters:
  ///   - poll: how often it looks for events of writers that do not nudge it: of other programs, or of a process that
  ///     was killed before it moved them.
  ///   - notifies: whether it wakes the readers of other processes, by NOTIFY.
  public init(client: PostgresClient, poll: Duration = .seconds(1), notifies: Bool = true) {
    self.client = client
    self.poll = poll
    self.notifies = notifies
  }

  /// What wakes the worker: `BackgroundWorker.wake()`.
  public func onNudge(_ wake: @escaping @Sendable () -> Void) { self.wake.withLock { $0 = wake } }

  /// Makes what hears of events that other processes have moved. It needs a connection of its own.
  /// - Parameter onMove: `UserFeed.nudge()`.
  public func listener(onMove: @escaping @Sendable () -> Void) -> NotificationListener {
    client.listener(on: "user_feed", onNotification: onMove)
  }

  /// What is called after events were moved: `UserFeed.nudge()`.
  public func onMove(_ moved: @escaping @Sendable () -> Void) { self.moved.withLock { $0 = moved } }

  /// Says that something was written. Any thread; costs two atomic operations unless the worker rests.
  public func nudge() {
    isNudged.store(true, ordering: .sequentiallyConsistent)
    if wakes.exchange(false, ordering: .sequentiallyConsistent) { wake.withLock { $0 }() }
  }

  /// One turn.
  /// - Returns: how long to rest until the next one.
  /// - Throws: `PostgresError`.
  public func turn() async throws -> Duration {
    isNudged.store(false, ordering: .sequentiallyConsistent)
    wakes.store(false, ordering: .sequentiallyConsistent)
    // Until the next turn, nudges are only noted: it comes anyway.
    if try await isPending() {
      let count = try await move()
      let rest = refusals.withLock { refusals in
        refusals = count == 0 ? min(refusals + 1, 10) : 0
        return refusals > 0 ? min(Self.pace * (1 << (refusals - 1)), max(poll, Self.pace)) : Self.pace
      }
      return count == Self.batchSize ? .zero : rest
    }
    refusals.withLock { $0 = 0 }
    wakes.store(true, ordering: .sequentiallyConsistent)
    // A write may have been answered after the look and before nudges counted.
    return isNudged.load(ordering: .sequentiallyConsistent) ? Self.pace : poll
  }

  private func isPending() async throws -> Bool {
    try await client.query(FeedSQL.isPending).first?[0].bool ?? false
  }

  /// Moves one batch.
  /// - Returns: how many events were moved; zero also if another process is at it.
  /// - Throws: `PostgresError`.
  @discardableResult
  public nonisolated(nonsending) func move() async throws -> Int {
    let end = MonotonicClock.nanoseconds.saturatingAdd(Self.timeLimit.clampedNanoseconds)
    let notifies = notifies
    let count = try await client.withTransaction(deadline: end) { transaction in
      try await transaction.query(FeedSQL.limits)
      guard let head = try await transaction.query(FeedSQL.lockHead).first else { return 0 }
      let count =
        try await transaction.query(
          FeedSQL.move,
          [.int64(Int64(Self.batchSize)), .int64(try head[0].int64), .int64(.random(in: .min ... .max))]
        ).first?[0].int64 ?? 0
      if count > 0, notifies { try await transaction.query(FeedSQL.notify) }
      return Int(count)
    }
    if count > 0 { moved.withLock { $0 }() }
    return count
  }
}
