internal import Synchronization

/// Replaces outdated hashes, those that other systems made or of another cost, after their users have signed in and
/// been answered: one run of a background worker.
public final class Rehashing: Sendable {
  private struct Item: Sendable {
    let user: UserID
    let password: Password
    let old: String
  }

  /// How many hashes may wait; others are left for the next sign-in.
  private static let limit = 100

  private let items = Mutex<[Item]>([])
  private let wake = Mutex<(@Sendable () -> Void)?>(nil)
  private let store: any AccountStore
  private let hasher: PasswordHasher

  /// Nothing to do yet.
  public init(store: any AccountStore, hasher: PasswordHasher) {
    self.store = store
    self.hasher = hasher
  }

  /// Calls `wake` whenever there is something to do.
  public func onWork(_ wake: @escaping @Sendable () -> Void) { self.wake.withLock { $0 = wake } }

  func add(_ user: UserID, _ password: Password, _ old: String) {
    items.withLock { items in
      if items.count < Self.limit { items.append(Item(user: user, password: password, old: old)) }
    }
    wake.withLock { $0 }?()
  }

  /// Replaces what waits.
  public func turn() async throws -> Duration {
    while let item = items.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
      let hash = try await hasher.hash(item.password, deadline: nil)
      try await store.replaceHash(of: item.user, item.old, by: hash.text, deadline: nil)
    }
    return .seconds(3600)
  }
}
