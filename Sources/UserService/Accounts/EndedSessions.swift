internal import Synchronization

/// The sessions that have ended while access tokens of theirs may still be valid. Every call with a session's token
/// looks here. Any thread may use it.
public final class EndedSessions: Sendable {
  /// For each session, when its last access token ends, in seconds since 1970.
  private let ends = Mutex<[String: Int64]>([:])
  /// How many there are, so that nobody waits for a lock while no session has ended.
  private let count = Atomic<Int>(0)

  /// None.
  public init() {}

  /// Notes sessions, and forgets those whose tokens have all ended.
  /// - Parameter now: seconds since 1970.
  public func add(_ sessions: [SessionID], now: Int64) {
    ends.withLock { ends in
      if ends.values.contains(where: { $0 <= now }) { ends = ends.filter { $0.value > now } }
      for session in sessions where ends[session.description] == nil {
        // A replica whose clock is ahead may have issued a token that ends later.
        ends[session.description] = now + SessionLimits.accessTokenLifetime + 60
      }
      count.store(ends.count, ordering: .releasing)
    }
  }

  func contains(_ session: String) -> Bool {
    count.load(ordering: .acquiring) > 0 && ends.withLock { $0[session] != nil }
  }
}

/// Learns of the sessions that other processes have ended: one run of a background worker.
public final class EndedSessionsFeed: Sendable {
  /// How often it asks the store. With the time that asking takes, an ended session's tokens are refused within 3
  /// seconds.
  public static let period = Duration.seconds(1)
  /// How long a transaction that ends sessions may take to become visible, in seconds.
  private static let overlap: Int64 = 60

  private let store: any AccountStore
  private let ended: EndedSessions
  private let now: @Sendable () -> Int64
  /// When the store was last asked with success, in seconds since 1970.
  private let last = Mutex<Int64?>(nil)

  /// - Parameter now: seconds since 1970.
  public init(store: any AccountStore, ended: EndedSessions, now: @escaping @Sendable () -> Int64) {
    self.store = store
    self.ended = ended
    self.now = now
  }

  /// Asks the store once, for what has happened since the last time.
  public func turn() async throws -> Duration {
    let begin = now()
    let missed = last.withLock { $0 }.map { max(0, begin - $0) } ?? SessionLimits.accessTokenLifetime
    let window = min(missed, SessionLimits.accessTokenLifetime) + Self.overlap
    ended.add(try await store.endedSessions(within: window, deadline: nil), now: begin)
    last.withLock { $0 = begin }
    return Self.period
  }
}
