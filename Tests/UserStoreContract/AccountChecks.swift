import Testing
import UserService

/// Passwords, and disabled users.
enum AccountChecks {
  static let all = [passwords, expectations, rehashing, disabling, nobody, deletedUsers]

  static let passwords = AccountCheck("a password is set, found by id and by email, and replaced") { stores in
    let user = try await stores.user(nil), accounts = stores.accounts
    let email = try EmailAddress("\(user)@EXAMPLE.com")
    #expect(try await accounts.account(of: user, deadline: nil) == AccountRecord(userID: user))
    let set = try await accounts.setPassword(of: user, hash: "one", expecting: nil, keeping: nil, deadline: nil)
    #expect(set.account.passwordHash == "one" && set.account.passwordTime != nil && set.endedSessions.isEmpty)
    #expect(try await accounts.account(of: user, deadline: nil) == set.account)
    #expect(try await accounts.account(email: email, deadline: nil) == set.account)
    let again = try await accounts.setPassword(of: user, hash: "two", expecting: "one", keeping: nil, deadline: nil)
    #expect(again.account.passwordHash == "two")
    #expect(try await accounts.account(of: user, deadline: nil) == again.account)
  }

  static let expectations = AccountCheck("a password is replaced only if the expected one is stored") { stores in
    let user = try await stores.user("one"), session = try await stores.session(of: user, hash: "one")
    let refused = await outcome {
      _ = try await stores.accounts.setPassword(of: user, hash: "two", expecting: "x", keeping: nil, deadline: nil)
    }
    #expect(refused == .refused(.versionMismatch(user)))
    #expect(try await stores.accounts.account(of: user, deadline: nil)?.passwordHash == "one")
    #expect(try await stores.isActive(session))
    // Nor for a user without one.
    let other = try await stores.user(nil)
    let alsoRefused = await outcome {
      _ = try await stores.accounts.setPassword(of: other, hash: "two", expecting: "x", keeping: nil, deadline: nil)
    }
    #expect(alsoRefused == .refused(.versionMismatch(other)))
  }

  static let rehashing = AccountCheck("a hash is replaced by one of the same password, if it is still stored") {
    stores in
    let user = try await stores.user("one"), session = try await stores.session(of: user, hash: "one")
    let before = try await stores.accounts.account(of: user, deadline: nil)
    try await stores.accounts.replaceHash(of: user, "x", by: "two", deadline: nil)
    #expect(try await stores.accounts.account(of: user, deadline: nil) == before)
    try await stores.accounts.replaceHash(of: user, "one", by: "two", deadline: nil)
    let after = try await stores.accounts.account(of: user, deadline: nil)
    #expect(after?.passwordHash == "two" && after?.passwordTime == before?.passwordTime)
    #expect(try await stores.isActive(session))
  }

  static let disabling = AccountCheck("disabling ends the sessions, and lasts until the user is enabled") { stores in
    let user = try await stores.user(), accounts = stores.accounts
    let session = try await stores.session(of: user)
    let disabled = try await accounts.setDisabled(true, user: user, deadline: nil)
    #expect(disabled.account.disableTime != nil && disabled.endedSessions == [session])
    #expect(try await accounts.account(of: user, deadline: nil) == disabled.account)
    #expect(try await !stores.isActive(session))
    let again = try await accounts.setDisabled(true, user: user, deadline: nil)
    #expect(again.account == disabled.account && again.endedSessions.isEmpty)
    let refused = await outcome { _ = try await stores.session(of: user) }
    #expect(refused == .refused(.versionMismatch(user)))
    let enabled = try await accounts.setDisabled(false, user: user, deadline: nil)
    #expect(enabled.account.disableTime == nil && enabled.account.passwordHash == "hash")
    // What has ended stays so.
    #expect(try await !stores.isActive(session))
    #expect(try await stores.isActive(try await stores.session(of: user)))
  }

  static let nobody = AccountCheck("who does not exist has no account") { stores async throws in
    let user = UserID.random(), accounts = stores.accounts
    #expect(try await accounts.account(of: user, deadline: nil) == nil)
    #expect(try await accounts.account(email: EmailAddress("nobody@example.com"), deadline: nil) == nil)
    let outcomes = [
      await outcome {
        _ = try await accounts.setPassword(of: user, hash: "x", expecting: nil, keeping: nil, deadline: nil)
      },
      await outcome { _ = try await accounts.setDisabled(true, user: user, deadline: nil) },
      await outcome { _ = try await stores.session(of: user) },
    ]
    #expect(outcomes.allSatisfy { $0 == .refused(.notFound(user)) })
    #expect(try await accounts.sessions(of: user, deadline: nil).isEmpty)
    #expect(try await accounts.endSessions(of: user, deadline: nil).isEmpty)
  }

  static let deletedUsers = AccountCheck("who is deleted can't sign in, and can again once undeleted") { stores in
    let user = try await stores.user(), accounts = stores.accounts
    let session = try await stores.session(of: user)
    _ = try await stores.users.delete(user, expecting: .any, deadline: nil)
    #expect(try await accounts.account(of: user, deadline: nil) == nil)
    #expect(try await accounts.account(email: EmailAddress("\(user)@example.com"), deadline: nil) == nil)
    #expect(try await !stores.isActive(session))
    #expect(try await accounts.sessions(of: user, deadline: nil).isEmpty)
    let outcomes = [
      await outcome {
        _ = try await accounts.setPassword(of: user, hash: "x", expecting: nil, keeping: nil, deadline: nil)
      },
      await outcome { _ = try await accounts.setDisabled(true, user: user, deadline: nil) },
      await outcome { _ = try await stores.session(of: user) },
    ]
    #expect(outcomes.allSatisfy { $0 == .refused(.isDeleted(user)) })
    _ = try await stores.users.undelete(user, expecting: .any, deadline: nil)
    #expect(try await accounts.account(of: user, deadline: nil)?.passwordHash == "hash")
  }
}
