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

/// Passwords and sessions, over a real socket.
@Suite struct AccountServiceTests {
  private typealias Methods = AccountServiceMethods

  // MARK: Sign-in

  @Test func aSessionFromBeginningToEnd() async throws {
    try await AccountBench.serving { bench in
      let user = try await bench.user()
      let tokens = try await bench.signIn(user.email.uppercased())
      #expect(tokens.session?.userID == user.id && tokens.accessTokenExpireTime?.seconds == 1900)
      let mine = bench.service.with(token: tokens.accessToken)
      #expect(try await mine.get(user.id) == user)
      let next = try await bench.refresh(tokens.refreshToken)
      #expect(next.session?.id == tokens.session?.id && next.refreshToken != tokens.refreshToken)
      #expect(try await bench.sessions(user).map(\.id) == [tokens.session?.id])
      let _: RevokeSessionResponse = try await mine.call(
        Methods.revokeSession, RevokeSessionRequest.with { $0.sessionID = tokens.session?.id ?? "" })
      // At once, though the loop remembers the tokens.
      for token in [tokens.accessToken, next.accessToken] {
        let refused = try await bench.refusal { _ = try await bench.service.with(token: token).get(user.id) }
        #expect(refused == "UNAUTHENTICATED SESSION_ENDED")
      }
      #expect(
        try await bench.refusal { _ = try await bench.refresh(next.refreshToken) } == "UNAUTHENTICATED SESSION_ENDED")
      #expect(try await bench.sessions(user).isEmpty)
    }
  }

  @Test func failedSignInsLookAlike() async throws {
    try await AccountBench.serving { bench in
      let user = try await bench.user(), without = try await bench.admin.create("bob@example.com")
      let deleted = try await bench.user()
      let _: User = try await bench.admin.call(
        UserServiceMethods.deleteUser, DeleteUserRequest.with { $0.id = deleted.id })
      var answers: Set<String> = []
      for (email, password) in [
        (user.email, "wrong horse"), (user.email, "Correct horse"), (without.email, "correct horse"),
        (deleted.email, "correct horse"), ("nobody@example.com", "correct horse"),
      ] {
        let request = CreateSessionRequest.with { ($0.email, $0.password) = (email, password) }
        let status = try await bench.service.failure(Methods.createSession, request)
        answers.insert("\(status) \(status.details)")
        #expect(status.code == .unauthenticated && status.info?.reason == "SIGN_IN_FAILED")
      }
      #expect(answers.count == 1)
    }
  }

  @Test func requestsAreChecked() async throws {
    try await AccountBench.serving { bench in
      let user = try await bench.user()
      for (email, password, fields) in [
        ("", "", ["email", "password"]), (user.email, "", ["password"]), (user.email, "a\0b", ["password"]),
        (user.email, String(repeating: "a", count: 1025), ["password"]), ("x", "correct horse", ["email"]),
      ] {
        let request = CreateSessionRequest.with { ($0.email, $0.password) = (email, password) }
        let status = try await bench.service.failure(Methods.createSession, request)
        #expect(status.code == .invalidArgument && status.fields == fields)
        #expect(!"\(status) \(status.details)".contains("correct horse"))
      }
      for (password, reason) in [
        ("short", "TOO_SHORT"), ("password1", "GUESSABLE"), (user.email, "GUESSABLE"), ("", "REQUIRED"),
      ] {
        let request = SetPasswordRequest.with { ($0.userID, $0.password) = (user.id, password) }
        let status = try await bench.admin.failure(Methods.setPassword, request)
        let violations = try #require(try status.detail(Google_Rpc_BadRequest.self)).fieldViolations
        #expect(violations.map(\.reason) == [reason] && violations.map(\.field) == ["password"])
      }
      let nothing = SetPasswordRequest.with { $0.userID = user.id }
      #expect(try await bench.admin.failure(Methods.setPassword, nothing).fields == ["password"])
      let hash = SetPasswordRequest.with { ($0.userID, $0.passwordHash) = (user.id, "$1$x$y") }
      #expect(try await bench.admin.failure(Methods.setPassword, hash).fields == ["password_hash"])
    }
  }

  @Test func disabledUsersAreTurnedAway() async throws {
    try await AccountBench.serving { bench in
      let user = try await bench.user(), tokens = try await bench.signIn(user.email)
      let disabled: Account = try await bench.admin.call(
        Methods.disableUser, DisableUserRequest.with { $0.userID = user.id })
      #expect(disabled.disableTime != nil && disabled.hasPassword)
      let refused = try await bench.refusal {
        _ = try await bench.service.with(token: tokens.accessToken).get(user.id)
      }
      #expect(refused == "UNAUTHENTICATED SESSION_ENDED")
      #expect(
        try await bench.refusal { _ = try await bench.signIn(user.email) } == "PERMISSION_DENIED ACCOUNT_DISABLED")
      // Who does not know the password does not learn it.
      let wrong = try await bench.refusal { _ = try await bench.signIn(user.email, "wrong horse") }
      #expect(wrong == "UNAUTHENTICATED SIGN_IN_FAILED")
      let enabled: Account = try await bench.admin.call(
        Methods.enableUser, EnableUserRequest.with { $0.userID = user.id })
      #expect(enabled.disableTime == nil)
      _ = try await bench.signIn(user.email)
    }
  }

  // MARK: Passwords

  @Test func passwordsChange() async throws {
    try await AccountBench.serving { bench in
      let user = try await bench.user()
      let mine = try await bench.signIn(user.email), other = try await bench.signIn(user.email)
      let service = bench.service.with(token: mine.accessToken)
      func change(_ current: String, _ new: String) async throws {
        let _: Account = try await service.call(
          Methods.changePassword, ChangePasswordRequest.with { ($0.currentPassword, $0.newPassword) = (current, new) })
      }
      #expect(
        try await bench.refusal { try await change("wrong horse", "battery staple") }
          == "UNAUTHENTICATED SIGN_IN_FAILED")
      #expect(
        try await bench.refusal { try await change("correct horse", "password") } == "INVALID_ARGUMENT INVALID_FIELDS")
      try await change("correct horse", "battery staple")
      // The other session has ended, the own one goes on.
      #expect(try await service.get(user.id) == user)
      #expect(try await bench.sessions(user).map(\.id) == [mine.session?.id])
      #expect(
        try await bench.refusal { _ = try await bench.refresh(other.refreshToken) } == "UNAUTHENTICATED SESSION_ENDED")
      #expect(try await bench.refusal { _ = try await bench.signIn(user.email) } == "UNAUTHENTICATED SIGN_IN_FAILED")
      _ = try await bench.signIn(user.email, "battery staple")
      // An operator has no password of its own.
      let request = ChangePasswordRequest.with { ($0.currentPassword, $0.newPassword) = ("a", "battery staple") }
      #expect(try await bench.admin.failure(Methods.changePassword, request).info?.reason == "NOT_A_USER")
    }
  }

  @Test func foreignHashesAreReplaced() async throws {
    try await AccountBench.serving { bench in
      let user = try await bench.admin.create("ada@example.com"), id = try #require(UserID(user.id))
      let hash = "$2b$04$5u/VO6vWyo.tpaIx8fJG0OLPuhPUE7EGs1OgDG4HoYVKeRtTDT4LC"
      let _: Account = try await bench.admin.call(
        Methods.setPassword, SetPasswordRequest.with { ($0.userID, $0.passwordHash) = (user.id, hash) })
      let tokens = try await bench.signIn(user.email)
      #expect(try await bench.store.account(of: id, deadline: nil)?.passwordHash == hash)
      _ = try await bench.rehashing.turn()
      let stored = try await bench.store.account(of: id, deadline: nil)?.passwordHash
      #expect(stored?.hasPrefix("$bcrypt-sha256$v=2,t=2b,r=4$") == true)
      _ = try await bench.refresh(tokens.refreshToken)
      _ = try await bench.signIn(user.email)
    }
  }

  // MARK: Rights

  @Test func usersTouchTheirOwn() async throws {
    try await AccountBench.serving { bench in
      let ada = try await bench.user(), bob = try await bench.user()
      let mine = try await bench.signIn(ada.email), foreign = try await bench.signIn(bob.email)
      let service = bench.service.with(token: mine.accessToken)
      for (user, expected) in [(ada, nil), (bob, "PERMISSION_DENIED NOT_YOURS")] as [(User, String?)] {
        let listed = try await bench.refusal {
          let _: ListSessionsResponse = try await service.call(
            Methods.listSessions, ListSessionsRequest.with { $0.userID = user.id })
        }
        let shown = try await bench.refusal {
          let _: Account = try await service.call(Methods.getAccount, GetAccountRequest.with { $0.userID = user.id })
        }
        #expect(listed == expected && shown == expected)
      }
      // It says nothing of other people's sessions, and does not end them.
      let _: RevokeSessionResponse = try await service.call(
        Methods.revokeSession, RevokeSessionRequest.with { $0.sessionID = foreign.session?.id ?? "" })
      #expect(try await bench.service.with(token: foreign.accessToken).get(bob.id) == bob)
      let all = RevokeAllSessionsRequest.with { $0.userID = bob.id }
      #expect(try await service.failure(Methods.revokeAllSessions, all).info?.reason == "NOT_YOURS")
      for method in [Methods.setPassword, Methods.disableUser, Methods.enableUser] {
        #expect(try await service.failure(method, all).info?.reason == "SCOPE_MISSING")
      }
      let ended: RevokeAllSessionsResponse = try await bench.admin.call(Methods.revokeAllSessions, all)
      #expect(ended.revokedCount == 1)
      let refused = try await bench.refusal {
        _ = try await bench.service.with(token: foreign.accessToken).get(bob.id)
      }
      #expect(refused == "UNAUTHENTICATED SESSION_ENDED")
    }
  }

  @Test func everyMethodHasARule() throws {
    for method in Methods.service.methods { _ = try MethodAccess(method) }
    #expect(try MethodAccess(Methods.createSession) == .everybody)
  }

  @Test func publicKeysAreShown() async throws {
    try await AccountBench.serving { bench in
      let keys: GetJwksResponse = try await bench.service.call(Methods.getJwks, GetJwksRequest())
      #expect(keys.keys.map(\.kid) == ["old"] && keys.keys.first?.kty == "EC" && keys.keys.first?.y.isEmpty == false)
    }
  }

  // MARK: Guessing

  @Test func guessingIsSlowedDown() async throws {
    let tries = SignInGuard(
      source: .init(burst: 5, refill: .seconds(3600)), email: .init(burst: 3, refill: .seconds(3600)))
    try await AccountBench.serving(tries: tries) { bench in
      let user = try await bench.user(), other = try await bench.user()
      for _ in 0..<3 {
        let refused = try await bench.refusal { _ = try await bench.signIn(user.email, "wrong horse") }
        #expect(refused == "UNAUTHENTICATED SIGN_IN_FAILED")
      }
      // The right password does not help either, so that nobody learns that it is.
      let request = CreateSessionRequest.with { ($0.email, $0.password) = (user.email, "correct horse") }
      let status = try await bench.service.failure(Methods.createSession, request)
      #expect(status.code == .resourceExhausted && status.info?.reason == "TOO_MANY_TRIES")
      #expect((status.retry?.retryDelay?.seconds ?? 0) > 3000)
      // Other users sign in from there, until the source has failed too often.
      _ = try await bench.signIn(other.email)
      for _ in 0..<2 { _ = try await bench.refusal { _ = try await bench.signIn("nobody@example.com", "x") } }
      #expect(
        try await bench.refusal { _ = try await bench.signIn(other.email) } == "RESOURCE_EXHAUSTED TOO_MANY_TRIES")
    }
  }
}
