import EventLoop
public import Logging
public import Postgres
import Primitives
import Synchronization

/// The replicas of a database, and how fresh each is. Any thread may use it.
public final class ReplicaSet: Sendable {
  /// How often the replicas are asked.
  static let interval = Duration.seconds(1)
  /// How long each question may take.
  private static let timeLimit = Duration.seconds(5)

  /// One replica.
  public struct Status: Sendable {
    /// Its number, from 0, in the order in which the replicas were given.
    public let number: Int
    /// How long it has lacked changes, at most; nil: not known.
    public let staleness: Duration?
  }

  // A class, because a Mutex can't be copied.
  private final class Member: Sendable {
    let client: PostgresClient
    let freshness = Mutex(ReplicaFreshness())
    /// What the log was last told.
    let isUsable = Atomic(false)

    init(_ client: PostgresClient) { self.client = client }

    func staleness(_ now: UInt64) -> UInt64? {
      freshness.withLock { $0.freshTime }.map { now > $0 ? now - $0 : 0 }
    }
  }

  private let primary: PostgresClient
  private let members: [Member]
  private let logger: Logger
  private let turns = Atomic<Int>(0)

  /// - Parameters:
  ///   - primary: the client of the database that takes writes.
  ///   - replicas: clients of its streaming standbys.
  public init(primary: PostgresClient, replicas: [PostgresClient], logger: Logger) {
    self.primary = primary
    members = replicas.map(Member.init)
    self.logger = logger
  }

  /// Each replica, and how old it is now.
  public var statuses: [Status] {
    let now = MonotonicClock.nanoseconds
    return members.enumerated().map { number, member in
      Status(number: number, staleness: member.staleness(now).map { .nanoseconds(Int64(clamping: $0)) })
    }
  }

  /// A replica that has all changes except, at most, those of the last `staleness`; one after the other, if there are
  /// several.
  func client(within staleness: Duration) -> PostgresClient? {
    let (now, limit) = (MonotonicClock.nanoseconds, staleness.clampedNanoseconds)
    let (_, turn) = turns.wrappingAdd(1, ordering: .relaxed)
    for offset in members.indices {
      let member = members[Int(UInt(bitPattern: turn &+ offset) % UInt(members.count))]
      if member.client.isAvailable, let age = member.staleness(now), age <= limit { return member.client }
    }
    return nil
  }

  /// Asks the primary where it is, and each replica how far it is: one turn of the background worker `replicas`.
  /// - Returns: how long to rest.
  public func turn() async throws -> Duration {
    let time = MonotonicClock.nanoseconds
    let deadline = time.saturatingAdd(Self.timeLimit.clampedNanoseconds)
    let position: UInt64
    do {
      guard let row = try await primary.query(ReplicaSQL.primaryPosition, deadline: deadline).first, !row[0].isNull
      else {
        return Self.interval
      }
      position = UInt64(bitPattern: try row[0].int64)
    } catch {
      // Its own health tells of it. The replicas grow old meanwhile.
      return Self.interval
    }
    for (number, member) in members.enumerated() {
      member.freshness.withLock { $0.primary(at: position, time: time) }
      let replayed = try? await member.client.query(ReplicaSQL.replayPosition, deadline: deadline).first?[0]
      if let replayed {
        // NULL: it is no standby, or not any more.
        let position = replayed.isNull ? nil : try? replayed.int64
        member.freshness.withLock { freshness in
          if let position { freshness.replayed(to: UInt64(bitPattern: position)) } else { freshness.forget() }
        }
      }
      tell(number, member)
    }
    return Self.interval
  }

  /// Logs when a replica becomes usable, and when it is not any more.
  private func tell(_ number: Int, _ member: Member) {
    let age = member.staleness(MonotonicClock.nanoseconds)
    let isUsable = member.client.isAvailable && (age.map { $0 < 60_000_000_000 } ?? false)
    guard member.isUsable.exchange(isUsable, ordering: .relaxed) != isUsable else { return }
    logger.log(
      level: isUsable ? .notice : .warning,
      isUsable
        ? "A replica keeps up: it answers reads that allow its age."
        : "A replica is a minute behind, or does not answer: the primary answers in its place.",
      metadata: ["replica": "\(number)", "milliseconds": "\(age.map { "\($0 / 1_000_000)" } ?? "unknown")"])
  }
}

/// The SQL that measures replicas. Positions of the log are bytes since its beginning.
enum ReplicaSQL {
  /// NULL on a standby.
  static let primaryPosition = Statement(
    "replica_primary_position",
    """
    SELECT CASE WHEN NOT pg_is_in_recovery() THEN (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint END
    """, isReadOnly: true)

  /// NULL on a server that is no standby.
  static let replayPosition = Statement(
    "replica_replay_position",
    "SELECT CASE WHEN pg_is_in_recovery() THEN (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint END", isReadOnly: true
  )
}
