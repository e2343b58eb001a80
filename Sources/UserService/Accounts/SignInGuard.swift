internal import Primitives
internal import Synchronization
internal import Tokens

/// Slows down the guessing of passwords. It counts failures by source first, and then by email. The failures of others
/// do not delay a source that has signed in to the email before: nobody can lock a user out of the places that the user
/// has signed in from. Each count goes down by itself. Emails are kept as keyed hashes only, also those that no user
/// has.
///
/// It counts for one process, in bounded memory. Any thread may use it.
public final class SignInGuard: Sendable {
  /// How many failures are allowed at once, and how long it takes until one more is allowed.
  public struct Limits: Sendable {
    var burst: Int
    var refill: Duration

    /// So many failures at once, and then one after each `refill`.
    public init(burst: Int, refill: Duration) {
      self.burst = burst
      self.refill = refill
    }
  }

  /// For a source: many people may share an address.
  public static let sourceLimits = Limits(burst: 50, refill: .seconds(2))
  /// For an email, from sources that have not signed in to it.
  public static let emailLimits = Limits(burst: 10, refill: .seconds(30))

  private struct State {
    var sources: FailureCounts
    var emails: FailureCounts
    /// Sources that have signed in to an email: hashes of both.
    var known: [UInt64]
  }

  private let key: [UInt8]
  private let state: Mutex<State>

  /// - Parameter slots: how many sources and how many emails are told apart.
  public init(
    source: Limits = SignInGuard.sourceLimits, email: Limits = SignInGuard.emailLimits, slots: Int = 16_384
  ) {
    // Without randomness nothing else of the service works; a fixed key here only weakens the table.
    key = SecureRandom.bytes(32) ?? []
    state = Mutex(
      State(
        sources: FailureCounts(source, slots: slots), emails: FailureCounts(email, slots: slots),
        known: [UInt64](repeating: 0, count: slots)))
  }

  /// How long the caller must wait before its next try; nil if it may try now.
  /// - Parameter now: CLOCK_MONOTONIC in nanoseconds.
  func delay(source: String, email: String, now: UInt64) -> Duration? {
    let (place, name, pair) = hashes(source, email)
    return state.withLock { state in
      if let delay = state.sources.delay(of: place, now: now) { return delay }
      if state.known[Int(pair % UInt64(state.known.count))] == pair { return nil }
      return state.emails.delay(of: name, now: now)
    }
  }

  /// The try has failed.
  func failed(source: String, email: String, now: UInt64) {
    let (place, name, _) = hashes(source, email)
    state.withLock { state in
      state.sources.add(to: place, now: now)
      state.emails.add(to: name, now: now)
    }
  }

  /// The try has succeeded.
  func succeeded(source: String, email: String) {
    let (_, _, pair) = hashes(source, email)
    state.withLock { $0.known[Int(pair % UInt64($0.known.count))] = pair }
  }

  private func hashes(_ source: String, _ email: String) -> (UInt64, UInt64, UInt64) {
    let place = Self.network(of: source)
    return (hash("s\(place)"), hash("e\(email)"), hash("p\(place) \(email)"))
  }

  private func hash(_ text: String) -> UInt64 {
    (HMAC.sha256(Array(text.utf8), key: key) ?? []).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The address without the port; of IPv6 the first 64 bits, since a host may choose the others.
  static func network(of peer: String) -> String {
    guard peer.hasPrefix("["), let end = peer.firstIndex(of: "]") else {
      return String(peer.prefix { $0 != ":" })
    }
    let address = peer[peer.index(after: peer.startIndex)..<end]
    let halves = address.split(separator: ":", omittingEmptySubsequences: false)
    // Up to where zeros are left out: what is in front of that is the network, or all that there is of it.
    let front = halves.prefix { !$0.isEmpty }.prefix(4)
    return front.joined(separator: ":")
  }
}

/// Failures by hash, each of which is forgotten after a while. Two hashes may share a place, which only makes both
/// slower.
private struct FailureCounts {
  /// When the failures of each place will all be forgotten, CLOCK_MONOTONIC in nanoseconds.
  private var ends: [UInt64]
  private let refill: UInt64
  private let limit: UInt64

  init(_ limits: SignInGuard.Limits, slots: Int) {
    ends = [UInt64](repeating: 0, count: slots)
    refill = limits.refill.clampedNanoseconds
    limit = refill * UInt64(max(limits.burst, 1))
  }

  func delay(of hash: UInt64, now: UInt64) -> Duration? {
    let end = ends[Int(hash % UInt64(ends.count))]
    // One more failure must fit below the limit.
    guard end > now, end - now + refill > limit else { return nil }
    return .nanoseconds(Int64(clamping: end - now + refill - limit))
  }

  mutating func add(to hash: UInt64, now: UInt64) {
    let place = Int(hash % UInt64(ends.count))
    ends[place] = min(max(ends[place], now) + refill, now + limit)
  }
}
