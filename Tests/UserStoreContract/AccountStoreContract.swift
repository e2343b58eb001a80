public import Testing
public import UserService

/// What every store of accounts must do. Each check needs empty stores.
public enum AccountStoreContract {
  /// All checks.
  public static let checks = AccountChecks.all + SessionChecks.all + TokenChecks.all
}

/// Both stores, on the same data.
public struct AccountStores: Sendable {
  let users: any UserStore
  let accounts: any AccountStore

  /// The stores of one process.
  public init(users: any UserStore, accounts: any AccountStore) {
    self.users = users
    self.accounts = accounts
  }

  /// A new user with a password hash.
  func user(_ hash: String? = "hash") async throws -> UserID {
    let id = UserID.random()
    _ = try await users.create(.sample("\(id)@example.com", id: id), deadline: nil)
    if let hash {
      _ = try await accounts.setPassword(of: id, hash: hash, expecting: nil, keeping: nil, deadline: nil)
    }
    return id
  }

  /// A new session.
  func session(of user: UserID, hash: String = "hash") async throws -> SessionID {
    let new = NewSession(id: SessionID(.random()), userID: user, tokenHash: [1, 2, 3])
    return try await accounts.createSession(new, hash: hash, deadline: nil).session.id
  }

  func isActive(_ session: SessionID) async throws -> Bool {
    try await accounts.session(session, deadline: nil)?.isActive ?? false
  }
}

/// One thing that a store of accounts must do.
public struct AccountCheck: Sendable, CustomTestStringConvertible {
  /// What the store must do, in a few words.
  public let name: String
  private let body: @Sendable (AccountStores) async throws -> Void

  /// The name, for test reports.
  public var testDescription: String { name }

  init(_ name: String, _ body: @escaping @Sendable (AccountStores) async throws -> Void) {
    self.name = name
    self.body = body
  }

  /// Runs the check on empty stores.
  /// - Throws: what the store throws where the check expects no error.
  public func run(on stores: AccountStores) async throws { try await body(stores) }
}
