public import EventLoop
internal import Glibc
internal import Primitives
internal import Synchronization

/// Hashes and verifies passwords on threads of its own, so that neither loops nor other blocking work wait for it.
///
/// Bounded: it hashes as many passwords at once as it has threads, and admits at most `limit` callers. If the caller's
/// deadline passes while a password waits, the password is dropped, unhashed. The threads have a lower priority than
/// those of the loops. Any thread may use it.
public final class PasswordHasher: Sendable {
  /// Why a password was not looked at.
  public enum Failure: Error, Sendable {
    /// Too many are waiting.
    case overloaded
    /// The caller's deadline passed before its turn came.
    case deadlineExceeded
    /// There is no memory or no randomness, or the pool was shut down.
    case failed
  }

  /// What a verification found.
  enum Verdict: Sendable, Hashable {
    case wrong
    /// `isOutdated`: the hash is not what the service would write now.
    case right(isOutdated: Bool)
  }

  /// The cost of new hashes.
  public let cost: Int
  private let pool: OffloadPool
  private let limit: Int
  private let admitted = Atomic<Int>(0)

  /// - Parameters:
  ///   - cost: of `PasswordHash.costs`; others are cut to them.
  ///   - threads: at most as many as there are processors.
  ///   - limit: how many callers may be admitted at once.
  public convenience init(cost: Int = 12, threads: Int = EventLoopGroup.processorCount, limit: Int = 256) {
    let costs = PasswordHash.costs
    self.init(anyCost: min(max(cost, costs.lowerBound), costs.upperBound), threads: threads, limit: limit)
  }

  /// For tests, which may use a cost that is too low for passwords.
  package init(anyCost cost: Int, threads: Int = 1, limit: Int = 256) {
    self.cost = cost
    self.limit = limit
    pool = OffloadPool(threads: threads, queueLimit: limit)
  }

  /// Refuses further work. The threads end.
  public func shutdown() { pool.shutdown() }

  /// Runs `body`, which hashes or verifies, if there is a place for it. Call it before the account is looked up: a full
  /// pool then reveals nothing about the account.
  /// - Throws: `Failure.overloaded`, or what `body` throws.
  nonisolated(nonsending) func withPlace<R>(_ body: () async throws -> R) async throws -> R {
    guard admitted.add(1, ordering: .relaxed).newValue <= limit else {
      admitted.subtract(1, ordering: .relaxed)
      throw Failure.overloaded
    }
    defer { admitted.subtract(1, ordering: .relaxed) }
    return try await body()
  }

  /// The hash of a password.
  /// - Parameter deadline: CLOCK_MONOTONIC in nanoseconds.
  nonisolated(nonsending) func hash(_ password: Password, deadline: UInt64?) async throws(Failure) -> PasswordHash {
    let cost = cost
    guard let hash = try await run(deadline, { PasswordHash.make(password, cost: cost) }) else { throw .failed }
    return hash
  }

  /// Whether a password matches a hash. Without a hash it does not, after the same work.
  /// - Parameter deadline: CLOCK_MONOTONIC in nanoseconds.
  nonisolated(nonsending) func verify(
    _ password: Password, _ hash: PasswordHash?, deadline: UInt64?
  ) async throws(Failure) -> Verdict {
    let cost = cost
    return try await run(deadline) {
      guard let hash else {
        _ = PasswordHash.decoy(cost: cost).verifies(password)
        return .wrong
      }
      let isOutdated = hash.isOutdated(cost: cost)
      if hash.verifies(password) { return .right(isOutdated: isOutdated) }
      // Hashes of other systems may cost less: a wrong password must not be cheaper than an unknown email.
      if isOutdated { _ = PasswordHash.decoy(cost: cost).verifies(password) }
      return .wrong
    }
  }

  private nonisolated(nonsending) func run<T: Sendable>(
    _ deadline: UInt64?, _ work: @escaping @Sendable () -> T
  ) async throws(Failure) -> T {
    let result: T?
    do throws(OffloadError) {
      result = try await pool.run { () -> T? in
        if let deadline, MonotonicClock.nanoseconds >= deadline { return nil }
        // Linux takes 0 for this thread alone (setpriority(2)). Calls that only read users go first.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 10)
        return work()
      }
    } catch {
      throw error == .queueFull ? .overloaded : .failed
    }
    guard let result else { throw .deadlineExceeded }
    return result
  }

  /// How long a hash takes on this thread, in seconds.
  public static func secondsOfOneHash(cost: Int) -> Double? {
    guard let password = try? Password(claimed: "a password of no account") else { return nil }
    let start = MonotonicClock.nanoseconds
    guard PasswordHash.make(password, cost: cost) != nil else { return nil }
    return Double(MonotonicClock.nanoseconds - start) / 1e9
  }
}
