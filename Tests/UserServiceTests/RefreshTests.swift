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

/// Refresh tokens, over a real socket.
@Suite struct RefreshTests {
  @Test func aRefreshTokenIsGoodAgainForAMoment() async throws {
    try await AccountBench.serving { bench in
      let user = try await bench.user()
      let first = try await bench.signIn(user.email)
      let second = try await bench.refresh(first.refreshToken)
      // A lost answer, however long ago.
      bench.store.advance(seconds: 3600)
      #expect(try await bench.refresh(first.refreshToken).refreshToken == second.refreshToken)
      let third = try await bench.refresh(second.refreshToken)
      // Two tabs: for ten seconds after the successor was used.
      bench.store.advance(seconds: 9)
      #expect(try await bench.refresh(first.refreshToken).refreshToken == second.refreshToken)
      #expect(try await bench.refresh(second.refreshToken).refreshToken == third.refreshToken)
      bench.store.advance(seconds: 2)
      #expect(
        try await bench.refusal { _ = try await bench.refresh(first.refreshToken) }
          == "UNAUTHENTICATED REFRESH_TOKEN_REUSED")
      // It ends the session, for whoever has it.
      #expect(
        try await bench.refusal { _ = try await bench.refresh(third.refreshToken) } == "UNAUTHENTICATED SESSION_ENDED")
      let refused = try await bench.refusal {
        _ = try await bench.service.with(token: third.accessToken).get(user.id)
      }
      #expect(refused == "UNAUTHENTICATED SESSION_ENDED")
    }
  }

  @Test func manyTabsRefreshAtOnce() async throws {
    try await AccountBench.serving { bench in
      let first = try await bench.signIn(try await bench.user().email)
      let successors = try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<8 { group.addTask { try await bench.refresh(first.refreshToken).refreshToken } }
        return try await group.reduce(into: Set()) { $0.insert($1) }
      }
      #expect(successors.count == 1)
    }
  }

  @Test func refreshTokensThatAreNot() async throws {
    try await AccountBench.serving { bench in
      let user = try await bench.user()
      let tokens = try await bench.signIn(user.email)
      var forged = Array(tokens.refreshToken)
      for index in [0, 10, 25, 60, forged.count - 2] {
        forged = Array(tokens.refreshToken)
        forged[index] = forged[index] == "A" ? "B" : "A"
        let text = String(forged)
        #expect(
          try await bench.refusal { _ = try await bench.refresh(text) } == "UNAUTHENTICATED REFRESH_TOKEN_INVALID")
      }
      for text in ["x", tokens.accessToken, tokens.refreshToken + "A", String(repeating: "A", count: 5000)] {
        #expect(
          try await bench.refusal { _ = try await bench.refresh(text) } == "UNAUTHENTICATED REFRESH_TOKEN_INVALID")
      }
      #expect(try await bench.refusal { _ = try await bench.refresh("") } == "INVALID_ARGUMENT INVALID_FIELDS")
      // None of that has ended the session.
      _ = try await bench.refresh(tokens.refreshToken)
      // Nor is a refresh token an access token.
      let refused = try await bench.refusal {
        _ = try await bench.service.with(token: tokens.refreshToken).get(user.id)
      }
      #expect(refused == "UNAUTHENTICATED TOKEN_INVALID")
    }
  }
}
