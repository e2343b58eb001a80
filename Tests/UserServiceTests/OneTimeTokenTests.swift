import ProtoWire
import RPCCore
import RPCServer
import ServiceTesting
import Testing
import UserAPI
import UserStoreContract

@testable import UserService

/// Forgotten passwords, verified and changed emails, over a real socket.
@Suite struct OneTimeTokenTests {
  private typealias Methods = AccountServiceMethods

  @Test func aForgottenPasswordIsReset() async throws {
    try await AccountBench.serving { bench in
      let user = try await bench.user(), session = try await bench.signIn(user.email)
      try await bench.requestReset(user.email.uppercased())
      let token = try await bench.claim(try #require(bench.store.newestToken))
      #expect(token.purpose == .passwordReset && token.userID == user.id && token.email == user.email)
      #expect(
        try await bench.refusal { _ = try await bench.reset(token.token, "short") } == "INVALID_ARGUMENT INVALID_FIELDS"
      )
      #expect(
        try await bench.refusal { _ = try await bench.reset(token.token, user.email) }
          == "INVALID_ARGUMENT INVALID_FIELDS")
      let account = try await bench.reset(token.token, "battery staple")
      #expect(account.hasPassword && account.emailVerifyTime != nil)
      // All sessions are over, and so are the old password and the token.
      let refused = try await bench.refusal {
        _ = try await bench.service.with(token: session.accessToken).get(user.id)
      }
      #expect(refused == "UNAUTHENTICATED SESSION_ENDED")
      #expect(try await bench.refusal { _ = try await bench.signIn(user.email) } == "UNAUTHENTICATED SIGN_IN_FAILED")
      _ = try await bench.signIn(user.email, "battery staple")
      let again = try await bench.refusal { _ = try await bench.reset(token.token, "third password") }
      #expect(again == "UNAUTHENTICATED ONE_TIME_TOKEN_INVALID")
    }
  }

  @Test func requestsForNobodyLookTheSame() async throws {
    try await AccountBench.serving { bench in
      let disabled = try await bench.user(), user = try await bench.user()
      let _: Account = try await bench.admin.call(
        Methods.disableUser, DisableUserRequest.with { $0.userID = disabled.id })
      for email in ["nobody@example.com", disabled.email] {
        try await bench.requestReset(email)
        #expect(bench.store.newestToken == nil)
      }
      // More than a user gets are answered too.
      for _ in 0..<(OneTimeTokenLimits.perHour + 2) { try await bench.requestReset(user.email) }
      #expect(bench.store.tokenCount == OneTimeTokenLimits.perHour)
    }
  }

  @Test func requestsAreLimited() async throws {
    try await AccountBench.serving { bench in
      for email in ["nobody@example.com", try await bench.user().email] {
        for _ in 0..<SignInGuard.emailLimits.burst { try await bench.requestReset(email) }
        let refused = try await bench.refusal { try await bench.requestReset(email) }
        #expect(refused == "RESOURCE_EXHAUSTED TOO_MANY_REQUESTS")
      }
    }
  }

  @Test func aResetGetsInDespiteTheGuesses() async throws {
    let tries = SignInGuard(
      source: .init(burst: 100, refill: .seconds(60)), email: .init(burst: 2, refill: .seconds(60)))
    try await AccountBench.serving(tries: tries) { bench in
      let user = try await bench.user()
      for _ in 0..<2 { _ = try await bench.refusal { _ = try await bench.signIn(user.email, "wrong horse") } }
      #expect(try await bench.refusal { _ = try await bench.signIn(user.email) } == "RESOURCE_EXHAUSTED TOO_MANY_TRIES")
      try await bench.requestReset(user.email)
      _ = try await bench.reset(try await bench.claim(try #require(bench.store.newestToken)).token, "battery staple")
      _ = try await bench.signIn(user.email, "battery staple")
    }
  }

  @Test func tokensEnd() async throws {
    try await AccountBench.serving { bench in
      let user = try await bench.user()
      try await bench.requestReset(user.email)
      let token = try await bench.claim(try #require(bench.store.newestToken)).token
      bench.store.advance(seconds: 3600)
      let late = try await bench.refusal { _ = try await bench.reset(token, "battery staple") }
      #expect(late == "UNAUTHENTICATED ONE_TIME_TOKEN_INVALID")
      try await bench.requestReset(user.email)
      let unclaimed = try #require(bench.store.newestToken)
      bench.store.advance(seconds: 3600)
      let gone = try await bench.refusal { _ = try await bench.claim(unclaimed) }
      #expect(gone == "NOT_FOUND ONE_TIME_TOKEN_NOT_FOUND")
    }
  }

  @Test func tokensThatAreNone() async throws {
    try await AccountBench.serving { bench in
      let user = try await bench.user()
      try await bench.requestReset(user.email)
      let id = try #require(bench.store.newestToken), token = try await bench.claim(id).token
      var forged = Array(token)
      forged[40] = forged[40] == "A" ? "B" : "A"
      for text in ["x", String(forged), String(repeating: "A", count: 64), String(repeating: "A", count: 5000)] {
        let refused = try await bench.refusal { _ = try await bench.reset(text, "battery staple") }
        #expect(refused == "UNAUTHENTICATED ONE_TIME_TOKEN_INVALID")
      }
      let empty = ResetPasswordRequest.with { $0.newPassword = "battery staple" }
      #expect(try await bench.service.failure(Methods.resetPassword, empty).fields == ["token"])
      // The secret is told once.
      let again = try await bench.refusal { _ = try await bench.claim(id) }
      #expect(again == "FAILED_PRECONDITION ONE_TIME_TOKEN_CLAIMED")
      _ = try await bench.reset(token, "battery staple")
    }
  }

  @Test func anEmailIsVerified() async throws {
    try await AccountBench.serving { bench in
      let user = try await bench.user(), other = try await bench.user()
      let mine = bench.service.with(token: try await bench.signIn(user.email).accessToken)
      func request(_ id: String) async throws {
        let _: RequestEmailVerificationResponse = try await mine.call(
          Methods.requestEmailVerification, RequestEmailVerificationRequest.with { $0.userID = id })
      }
      #expect(try await bench.refusal { try await request(other.id) } == "PERMISSION_DENIED NOT_YOURS")
      try await request(user.id)
      let token = try await bench.claim(try #require(bench.store.newestToken))
      #expect(token.purpose == .emailVerification && token.email == user.email)
      let account: Account = try await bench.service.call(
        Methods.verifyEmail, VerifyEmailRequest.with { $0.token = token.token })
      #expect(account.userID == user.id && account.emailVerifyTime != nil)
      #expect(try await bench.refusal { try await request(user.id) } == "FAILED_PRECONDITION EMAIL_VERIFIED")
    }
  }

  @Test func anEmailIsChangedByPasswordAndToken() async throws {
    try await AccountBench.serving { bench in
      let user = try await bench.user(), other = try await bench.user()
      let mine = bench.service.with(token: try await bench.signIn(user.email).accessToken)
      func request(_ email: String, _ password: String = "correct horse") async throws {
        let _: RequestEmailChangeResponse = try await mine.call(
          Methods.requestEmailChange,
          RequestEmailChangeRequest.with { ($0.newEmail, $0.password) = (email, password) })
      }
      let wrong = try await bench.refusal { try await request("new@example.com", "wrong horse") }
      #expect(wrong == "UNAUTHENTICATED SIGN_IN_FAILED" && bench.store.newestToken == nil)
      // Another user's email: as if it were nobody's.
      try await request(other.email)
      #expect(bench.store.newestToken == nil)
      try await request("New@example.com")
      let token = try await bench.claim(try #require(bench.store.newestToken))
      #expect(token.purpose == .emailChange && token.email == "New@example.com")
      #expect(try await mine.get(user.id).email == user.email)
      let account: Account = try await bench.service.call(
        Methods.confirmEmailChange, ConfirmEmailChangeRequest.with { $0.token = token.token })
      #expect(account.emailVerifyTime != nil)
      #expect(try await mine.get(user.id).email == "New@example.com")
      _ = try await bench.signIn("new@example.com")
    }
  }

  @Test func onlyTheSenderClaims() async throws {
    try await AccountBench.serving { bench in
      let user = try await bench.user(), session = try await bench.signIn(user.email)
      try await bench.requestReset(user.email)
      let request = ClaimOneTimeTokenRequest.with { $0.tokenID = bench.store.newestToken?.description ?? "" }
      #expect(try await bench.service.failure(Methods.claimOneTimeToken, request).info?.reason == "CREDENTIALS_MISSING")
      let mine = bench.service.with(token: session.accessToken)
      #expect(try await mine.failure(Methods.claimOneTimeToken, request).info?.reason == "SCOPE_MISSING")
    }
  }

  @Test func aSecretIsAnIDAndRandomBits() throws {
    let id = UserID.random(), secret = try #require(OneTimeSecret.make(for: id))
    #expect(OneTimeSecret(secret.text) == secret && secret.text.utf8.count == 64 && secret.proof?.id == id)
    #expect(OneTimeSecret.make(for: id)?.proof != secret.proof)
    #expect(secret.proof?.hash.count == 32)
  }
}

extension AccountBench {
  fileprivate func requestReset(_ email: String) async throws {
    let _: RequestPasswordResetResponse = try await service.call(
      AccountServiceMethods.requestPasswordReset, RequestPasswordResetRequest.with { $0.email = email })
  }

  fileprivate func reset(_ token: String, _ password: String) async throws -> Account {
    try await service.call(
      AccountServiceMethods.resetPassword,
      ResetPasswordRequest.with { ($0.token, $0.newPassword) = (token, password) })
  }

  fileprivate func claim(_ id: UserID) async throws -> OneTimeToken {
    try await admin.call(
      AccountServiceMethods.claimOneTimeToken, ClaimOneTimeTokenRequest.with { $0.tokenID = id.description })
  }
}
