import EventLoop
import ProtoWire
import RPCCore
import RPCServer
import ServiceTesting
import Testing
import Tokens
import UserAPI
import UserStoreContract

@testable import UserService

/// The service with accounts in memory, behind a socket.
struct AccountBench: Sendable {
  private typealias Methods = AccountServiceMethods

  let service: ServiceBench
  let store: InMemoryAccountStore
  let rehashing: Rehashing
  /// With all rights.
  let admin: ServiceBench

  func user(_ password: String = "correct horse") async throws -> User {
    let user = try await admin.create("ada.\(UserID.random())@example.com")
    let _: Account = try await admin.call(
      Methods.setPassword, SetPasswordRequest.with { ($0.userID, $0.password) = (user.id, password) })
    return user
  }

  func signIn(_ email: String, _ password: String = "correct horse") async throws -> SessionTokens {
    try await service.call(
      Methods.createSession, CreateSessionRequest.with { ($0.email, $0.password) = (email, password) })
  }

  func refresh(_ token: String) async throws -> SessionTokens {
    try await service.call(Methods.refreshSession, RefreshSessionRequest.with { $0.refreshToken = token })
  }

  func sessions(_ user: User) async throws -> [Session] {
    let response: ListSessionsResponse = try await admin.call(
      Methods.listSessions, ListSessionsRequest.with { $0.userID = user.id })
    return response.sessions
  }

  /// The status and reason of a call that fails; nil if it succeeds.
  func refusal(_ body: () async throws -> Void) async throws -> String? {
    do {
      try await body()
      return nil
    } catch let status as CallStatus {
      return "\(status.code.map { "\($0)" } ?? "?") \(status.info?.reason ?? "")"
    }
  }

  static func serving(
    tries: SignInGuard = SignInGuard(), _ body: @escaping @Sendable (AccountBench) async throws -> Void
  ) async throws {
    let key = try #require(TokenKey.generate(id: "key", algorithm: .hs256, createTime: 0, notBefore: 0))
    let pair = try #require(TokenKey.generate(id: "old", algorithm: .es256, createTime: 0, notBefore: -1))
    let keys = LiveKeys(KeySet([key, pair])), authority = TokenAuthority(issuer: "issuer", audience: "here")
    let loops = try EventLoopGroup(count: 1, name: "test")
    defer { loops.shutdown() }
    let users = InMemoryUserStore(), store = InMemoryAccountStore(users: users)
    let hasher = PasswordHasher(anyCost: 4), ended = EndedSessions()
    defer { hasher.shutdown() }
    let rehashing = Rehashing(store: store, hasher: hasher)
    let accounts = AccountServiceHandlers(
      store: store, users: users, hasher: hasher, keys: keys, authority: authority, ended: ended, rehashing: rehashing,
      tries: tries, now: { 1000 })
    let policy = try AccessPolicy([UserServiceMethods.service, Methods.service])
    let token = AccessToken(subject: "ops", scopes: ["admin"], id: "1", issueTime: 1000, expireTime: 2000)
    let admin = try #require(authority.issue(token, key: key))
    try await ServiceBench.run(
      users, loops: loops, services: [accounts],
      interceptors: { loops in
        [AccessControl(policy: policy, keys: keys, authority: authority, ended: ended, loops: loops, now: { 1000 })]
      }
    ) { service in
      try await body(
        AccountBench(service: service, store: store, rehashing: rehashing, admin: service.with(token: admin)))
    }
  }
}
