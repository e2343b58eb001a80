import EventLoop
import Primitives
import ProtoWire
import RPCCore
import RPCServer
import ServiceTesting
import Synchronization
import Testing
import Tokens
import UserAPI
import UserStoreContract

@testable import UserService

/// The access rules, over a real socket.
@Suite struct AccessControlTests {
  private typealias Methods = UserServiceMethods

  /// A server that knows one key, and its clock.
  private struct Bench: Sendable {
    let service: ServiceBench
    let keys: LiveKeys
    let key: TokenKey
    let now: Clock

    final class Clock: Sendable {
      let seconds = Atomic<Int64>(1000)
      var value: Int64 { seconds.load(ordering: .relaxed) }
    }

    func token(_ subject: String = "ops", _ scopes: String..., lifetime: Int64 = 900) throws -> String {
      let token = AccessToken(
        subject: subject, scopes: scopes, id: "1", issueTime: 1000, expireTime: 1000 + lifetime)
      return try #require(AccessControlTests.authority.issue(token, key: key))
    }

    /// The status and the reason of a call; nil if it was taken.
    func refusal(
      _ method: MethodDescriptor, _ request: some WireMessage, token: String? = nil
    ) async throws -> String? {
      do {
        _ = try await service.with(token: token).stream(method, request) as [User]
        return nil
      } catch let status as CallStatus {
        #expect(status.info?.domain == "user-service")
        return "\(status.code.map { "\($0)" } ?? "?") \(status.info?.reason ?? "")"
      }
    }
  }

  private static let authority = TokenAuthority(issuer: "issuer", audience: "here")
  private static let list = ListUsersRequest()

  private func makeKey(_ id: String) throws -> TokenKey {
    try #require(TokenKey.generate(id: id, algorithm: .hs256, createTime: 0, notBefore: 0))
  }

  private func serving(
    _ store: any UserStore = InMemoryUserStore(), allowsAnonymous: Bool = false,
    _ body: @Sendable (Bench) async throws -> Void
  ) async throws {
    let key = try makeKey("key"), now = Bench.Clock(), keys = LiveKeys(KeySet([key]))
    let loops = try EventLoopGroup(count: 1, name: "test")
    defer { loops.shutdown() }
    let health = HealthService()
    let policy = try AccessPolicy([Methods.service, type(of: health).serviceDescriptor])
    try await ServiceBench.run(
      store, loops: loops, services: [health],
      interceptors: { loops in
        [
          AccessControl(
            policy: policy, keys: keys, authority: Self.authority, allowsAnonymous: allowsAnonymous, loops: loops,
            now: { now.value })
        ]
      }
    ) { try await body(Bench(service: $0, keys: keys, key: key, now: now)) }
  }

  // MARK: Rules

  @Test func everyMethodIsRefusedToStrangers() async throws {
    try await serving { bench async throws in
      for method in Methods.service.methods {
        #expect(try await bench.refusal(method, Self.list) == "UNAUTHENTICATED CREDENTIALS_MISSING")
        let token = try bench.token("ops", "something.else")
        #expect(try await bench.refusal(method, Self.list, token: token) == "PERMISSION_DENIED SCOPE_MISSING")
        // WatchUsers would go on: ServiceWatchTests tell who may call it.
        if method == Methods.watchUsers { continue }
        // Past the rules: what its request lacks is said.
        let admin = try await bench.refusal(method, Self.list, token: bench.token("ops", "admin"))
        #expect(admin?.hasPrefix("UNAUTHENTICATED") != true && admin?.hasPrefix("PERMISSION_DENIED") != true)
      }
    }
  }

  @Test func scopes() async throws {
    try await serving { bench async throws in
      let read = try bench.token("ops", "users.read"), write = try bench.token("ops", "x", "users.write", "y")
      #expect(try await bench.refusal(Methods.listUsers, Self.list, token: read) == nil)
      #expect(try await bench.refusal(Methods.listUsers, Self.list, token: write) == "PERMISSION_DENIED SCOPE_MISSING")
      let user = try await bench.service.with(token: write).create("ada@example.com")
      #expect(user.email == "ada@example.com")
      // Exporting everybody takes a scope of its own.
      let export = ExportUsersRequest()
      #expect(try await bench.refusal(Methods.exportUsers, export, token: read) == "PERMISSION_DENIED SCOPE_MISSING")
      let denied = try await bench.service.with(token: read).failure(Methods.exportUsers, export)
      #expect(denied.info?.metadata == ["scopes": "users.export"])
    }
  }

  @Test func usersGetThemselves() async throws {
    try await serving { bench async throws in
      let admin = bench.service.with(token: try bench.token("ops", "admin"))
      let ada = try await admin.create("ada@example.com"), bob = try await admin.create("bob@example.com")
      let token = try bench.token(ada.id)
      #expect(try await bench.service.with(token: token).get(ada.id) == ada)
      #expect(try await bench.service.with(token: token).get(ada.id.uppercased()) == ada)
      // Whether or not the other one is there.
      for id in [bob.id, "00000000-0000-0000-0000-000000000001"] {
        let request = GetUserRequest.with { $0.id = id }
        #expect(try await bench.refusal(Methods.getUser, request, token: token) == "PERMISSION_DENIED NOT_YOURS")
      }
      let reader = try bench.token(ada.id, "users.read")
      #expect(try await bench.service.with(token: reader).get(bob.id) == bob)
      // A service is no user.
      let service = try bench.token("billing"), request = GetUserRequest.with { $0.id = ada.id }
      #expect(try await bench.refusal(Methods.getUser, request, token: service) == "PERMISSION_DENIED SCOPE_MISSING")
      #expect(try await bench.refusal(Methods.listUsers, Self.list, token: token) == "PERMISSION_DENIED SCOPE_MISSING")
    }
  }

  @Test func writesNameTheirAuthors() async throws {
    let store = ProbeStore()
    try await serving(store, allowsAnonymous: true) { bench async throws in
      let ops = bench.service.with(token: try bench.token("ops", "users.write"))
      let ada = try await ops.create("ada@example.com")
      let own = bench.service.with(token: try bench.token(ada.id, "users.write"))
      let update = UpdateUserRequest.with {
        $0.user = .with { user in
          user.id = ada.id
          user.name = "Ada"
        }
      }
      let _: User = try await own.call(Methods.updateUser, update)
      let _: User = try await bench.service.call(Methods.deleteUser, DeleteUserRequest.with { $0.id = ada.id })
      let _: User = try await ops.call(Methods.undeleteUser, UndeleteUserRequest.with { $0.id = ada.id })
      #expect(store.notes.authors == [Author(id: "ops"), Author(id: ada.id), nil, Author(id: "ops")])
      #expect(store.notes.authors.map { $0?.kind } == [.service, .user, nil, .service])
    }
  }

  @Test func healthIsPublic() async throws {
    try await serving { bench async throws in
      let check = MethodDescriptor(service: "grpc.health.v1.Health", name: "Check", kind: .unary)
      #expect(try await bench.refusal(check, Google_Protobuf_Empty()) == nil)
      // Wrong credentials are none.
      #expect(try await bench.refusal(check, Google_Protobuf_Empty(), token: "nonsense") == nil)
    }
  }

  @Test func openServersTakeCallsWithoutCredentials() async throws {
    try await serving(allowsAnonymous: true) { bench async throws in
      #expect(try await bench.refusal(Methods.listUsers, Self.list) == nil)
      #expect(
        try await bench.refusal(Methods.listUsers, Self.list, token: "x") == "UNAUTHENTICATED TOKEN_INVALID")
      #expect(
        try await bench.refusal(Methods.listUsers, Self.list, token: bench.token("ops"))
          == "PERMISSION_DENIED SCOPE_MISSING")
    }
  }

  // MARK: Tokens

  @Test func tokensEnd() async throws {
    try await serving { bench async throws in
      let token = try bench.token("ops", "users.read")
      for _ in 0..<3 { #expect(try await bench.refusal(Methods.listUsers, Self.list, token: token) == nil) }
      bench.now.seconds.store(1899, ordering: .relaxed)
      #expect(try await bench.refusal(Methods.listUsers, Self.list, token: token) == nil)
      // The loop remembers the token, and when it ends.
      bench.now.seconds.store(1900, ordering: .relaxed)
      #expect(try await bench.refusal(Methods.listUsers, Self.list, token: token) == "UNAUTHENTICATED TOKEN_EXPIRED")
    }
  }

  @Test func keysChangeUnderway() async throws {
    try await serving { bench async throws in
      let token = try bench.token("ops", "users.read")
      #expect(try await bench.refusal(Methods.listUsers, Self.list, token: token) == nil)
      let other = try makeKey("other")
      bench.keys.replace(KeySet([bench.key, other]))
      #expect(try await bench.refusal(Methods.listUsers, Self.list, token: token) == nil)
      bench.keys.replace(KeySet([other]))
      #expect(try await bench.refusal(Methods.listUsers, Self.list, token: token) == "UNAUTHENTICATED TOKEN_INVALID")
      // Another key of the same name.
      bench.keys.replace(KeySet([try makeKey("key")]))
      #expect(try await bench.refusal(Methods.listUsers, Self.list, token: token) == "UNAUTHENTICATED TOKEN_INVALID")
    }
  }

  @Test func refusalsSayWhy() async throws {
    try await serving { bench async throws in
      let service = bench.service.with(token: "a.b.c")
      let status = try await service.failure(Methods.listUsers, Self.list)
      #expect(status.code == .unauthenticated && status.info?.metadata == ["fault": "MALFORMED"])
      #expect(!status.message.contains("a.b.c"))
    }
  }

  // MARK: Credentials

  @Test(
    arguments: [
      ("Bearer abc", "abc"), ("bearer abc", "abc"), ("BEARER   a.b-c", "a.b-c"), ("Bearer", nil), ("Bearer ", nil),
      ("", nil), ("Basic abc", nil), ("Bearer\tabc", nil), ("Bearerabc", nil), ("bear", nil), ("\u{2}earer abc", nil),
    ] as [(String, String?)])
  func bearerTokens(value: String, expected: String?) {
    let found = Array(value.utf8).withUnsafeBytes { bytes in
      BearerToken.find(in: bytes).map { String(decoding: $0, as: UTF8.self) }
    }
    #expect(found == expected)
  }

  private func accept(_ context: ServerContext, certificates: [String: [String]] = [:]) throws -> Caller? {
    let loops = try EventLoopGroup(count: 1, name: "test")
    defer { loops.shutdown() }
    let reflection = ServiceDescriptor(
      name: "grpc.reflection.v1.ServerReflection",
      methods: [MethodDescriptor(service: "grpc.reflection.v1.ServerReflection", name: "Info", kind: .unary)],
      file: Methods.service.file)
    let control = AccessControl(
      policy: try AccessPolicy([Methods.service, reflection]), keys: LiveKeys(KeySet()), authority: Self.authority,
      certificates: certificates, loops: loops, now: { 1000 })
    try control.accept(context)
    return context.caller
  }

  /// The reason of the refusal; nil if the call was taken.
  private func reason(_ context: ServerContext, certificates: [String: [String]] = [:]) -> String? {
    do {
      _ = try accept(context, certificates: certificates)
      return nil
    } catch {
      return RPCError(mapping: error).info?.reason
    }
  }

  @Test func certificatesHaveScopes() throws {
    func context(_ names: String...) -> ServerContext {
      let security = TransportSecurity(
        version: "TLSv1.3", cipher: "x", peerCertificate: PeerCertificate(commonName: nil, dnsNames: names))
      return ServerContext(method: Methods.listUsers, security: security)
    }
    let rights = ["billing.internal": ["users.read"], "mail.internal": ["x"]]
    #expect(try accept(context("other", "billing.internal"), certificates: rights)?.id == "billing.internal")
    #expect(reason(context("mail.internal"), certificates: rights) == "SCOPE_MISSING")
    #expect(reason(context("other"), certificates: rights) == "CREDENTIALS_MISSING")
    #expect(reason(context("billing.internal")) == "CREDENTIALS_MISSING")
  }

  @Test func twoTokensAreNone() {
    let context = ServerContext(
      method: Methods.listUsers, requestMetadata: ["authorization": "Bearer a", "authorization": "Bearer b"])
    #expect(reason(context) == "CREDENTIALS_INVALID")
  }

  @Test(arguments: [
    ("unix", true), ("127.0.0.1:5", true), ("127.8.0.1:5", true), ("[::1]:5", true), ("10.0.0.1:5", false),
    ("[2001:db8::1]:5", false), ("[::1:2]:5", false),
  ])
  func reflectionIsForThisMachine(peer: String, isLocal: Bool) {
    let method = MethodDescriptor(service: "grpc.reflection.v1.ServerReflection", name: "Info", kind: .unary)
    let refused = reason(ServerContext(method: method, peer: peer))
    #expect(refused == (isLocal ? nil : "CREDENTIALS_MISSING"))
  }

  /// What nobody made a rule for is for nobody.
  @Test func unknownMethodsAreRefused() {
    let method = MethodDescriptor(service: "http", name: "GET /secrets", kind: .unary)
    #expect(reason(ServerContext(method: method, peer: "unix")) == "NO_ACCESS_RULE")
    var options = Google_Protobuf_MethodOptions()
    options.setAccess(.with { $0.public = true })
    let page = MethodDescriptor(service: "http", name: "GET /page", kind: .unary, options: options)
    #expect(reason(ServerContext(method: page, peer: "10.0.0.1:1")) == nil)
  }

  @Test func aServiceWithoutRulesIsNoPolicy() {
    let service = ServiceDescriptor(
      name: "a.B", methods: [MethodDescriptor(service: "a.B", name: "C", kind: .unary)], file: Methods.service.file)
    #expect(throws: AccessRuleFault.self) { try AccessPolicy([service]) }
  }
}

extension RPCError {
  fileprivate var info: Google_Rpc_ErrorInfo? { details.lazy.compactMap { $0.unpack() }.first }
}
