import Testing
import UserService

/// One-time tokens.
enum TokenChecks {
  static let all = [claims, verification, reset, change, voided, limits, whoGetsNone, purposes]

  static let claims = AccountCheck("a token is claimed once, and proves itself afterwards") { stores in
    let user = try await stores.user(), proof = try await stores.made(.passwordReset, user)
    #expect(try await stores.accounts.token(proof, for: .passwordReset, deadline: nil) == nil)
    guard case .claimed(let record) = try await stores.accounts.claimToken(proof, deadline: nil) else {
      Issue.record("not claimed")
      return
    }
    #expect(record.userID == user && record.purpose == .passwordReset && record.email == "\(user)@example.com")
    #expect(try await stores.accounts.token(proof, for: .passwordReset, deadline: nil) == record)
    let other = OneTimeProof(id: proof.id, hash: [9])
    #expect(try await stores.accounts.claimToken(other, deadline: nil) == .claimedBefore)
    #expect(try await stores.accounts.token(proof, for: .passwordReset, deadline: nil) == record)
    #expect(try await stores.accounts.token(other, for: .passwordReset, deadline: nil) == nil)
    #expect(try await stores.accounts.claimToken(.init(id: .random(), hash: [1]), deadline: nil) == .none)
  }

  static let verification = AccountCheck("an email is verified once, until it is another") { stores in
    let user = try await stores.user(nil), proof = try await stores.claimed(.emailVerification, user)
    #expect(try await stores.accounts.account(of: user, deadline: nil)?.emailVerifyTime == nil)
    let verified = try #require(try await stores.accounts.verifyEmail(by: proof, deadline: nil))
    #expect(verified.emailVerifyTime != nil)
    #expect(try await stores.accounts.account(of: user, deadline: nil) == verified)
    #expect(try await stores.accounts.verifyEmail(by: proof, deadline: nil) == nil)
    // What the account does afterwards keeps it.
    let set = try await stores.accounts.setPassword(of: user, hash: "x", expecting: nil, keeping: nil, deadline: nil)
    #expect(try await stores.accounts.account(of: user, deadline: nil)?.emailVerifyTime == verified.emailVerifyTime)
    #expect(set.account.passwordHash == "x")
    // Another spelling is the same email, another email is not.
    for (email, time) in [("\(user)@EXAMPLE.com", verified.emailVerifyTime), ("x\(user)@example.com", nil)] {
      _ = try await stores.users.update(
        user, UserChange(email: try EmailAddress(email)), expecting: .any, by: nil, deadline: nil)
      #expect(try await stores.accounts.account(of: user, deadline: nil)?.emailVerifyTime == time)
    }
  }

  static let reset = AccountCheck("a reset sets the password, ends sessions, and verifies the email") { stores in
    let user = try await stores.user("one"), session = try await stores.session(of: user, hash: "one")
    let proof = try await stores.claimed(.passwordReset, user), second = try await stores.claimed(.passwordReset, user)
    let change = try #require(try await stores.accounts.resetPassword(by: proof, to: "two", deadline: nil))
    #expect(change.account.passwordHash == "two" && change.endedSessions == [session])
    #expect(change.account.emailVerifyTime != nil)
    #expect(try await stores.accounts.account(of: user, deadline: nil) == change.account)
    #expect(try await !stores.isActive(session))
    // Neither again, nor by another token of before.
    for proof in [proof, second] {
      #expect(try await stores.accounts.token(proof, for: .passwordReset, deadline: nil) == nil)
      #expect(try await stores.accounts.resetPassword(by: proof, to: "three", deadline: nil) == nil)
    }
    #expect(try await stores.accounts.account(of: user, deadline: nil)?.passwordHash == "two")
    // The first password of a user without one, too.
    let other = try await stores.user(nil), first = try await stores.claimed(.passwordReset, other)
    #expect(try await stores.accounts.resetPassword(by: first, to: "one", deadline: nil)?.account.passwordHash == "one")
  }

  static let change = AccountCheck("an email changes to the one that the token was sent to") { stores in
    let user = try await stores.user(), new = try EmailAddress("New.\(user)@example.com")
    let proof = try await stores.claimed(.emailChange, user, new)
    #expect(try await stores.accounts.token(proof, for: .emailChange, deadline: nil)?.email == new.address)
    let account = try #require(try await stores.accounts.changeEmail(by: proof, deadline: nil))
    #expect(account.emailVerifyTime != nil)
    #expect(try await stores.accounts.account(email: new, deadline: nil) == account)
    #expect(try await stores.users.find(id: user, deadline: nil)?.email == new.address)
    #expect(try await stores.users.find(id: user, deadline: nil)?.version == 2)
    #expect(try await stores.accounts.changeEmail(by: proof, deadline: nil) == nil)
    // Somebody else may take the email meanwhile.
    let wanted = try EmailAddress("wanted.\(user)@example.com")
    let late = try await stores.claimed(.emailChange, user, wanted)
    _ = try await stores.users.create(.sample(wanted.address), deadline: nil)
    let refused = await outcome { _ = try await stores.accounts.changeEmail(by: late, deadline: nil) }
    #expect(refused == .refused(.alreadyExists(.email)))
  }

  static let voided = AccountCheck("a token is void once what it was made for has changed") { stores in
    let accounts = stores.accounts
    let changes: [@Sendable (UserID) async throws -> Void] = [
      { _ = try await accounts.setPassword(of: $0, hash: "two", expecting: nil, keeping: nil, deadline: nil) },
      { _ = try await accounts.setDisabled(true, user: $0, deadline: nil) },
      {
        let email = try EmailAddress("other.\($0)@example.com")
        _ = try await stores.users.update($0, UserChange(email: email), expecting: .any, by: nil, deadline: nil)
      },
      { _ = try await stores.users.delete($0, expecting: .any, by: nil, deadline: nil) },
    ]
    for (index, change) in changes.enumerated() {
      let user = try await stores.user("one"), reset = try await stores.claimed(.passwordReset, user)
      let verification = try await stores.claimed(.emailVerification, user)
      try await change(user)
      #expect(try await accounts.resetPassword(by: reset, to: "three", deadline: nil) == nil, "\(index)")
      // A new password says nothing of the email.
      #expect((try await accounts.verifyEmail(by: verification, deadline: nil) != nil) == (index == 0), "\(index)")
    }
  }

  static let limits = AccountCheck("a user gets only so many tokens of a purpose") { stores in
    let user = try await stores.user()
    for _ in 0..<OneTimeTokenLimits.perHour { _ = try await stores.made(.passwordReset, user) }
    let more = NewOneTimeToken(id: .random(), purpose: .passwordReset, owner: .user(user))
    #expect(try await !stores.accounts.makeToken(more, deadline: nil))
    #expect(try await stores.accounts.claimToken(.init(id: more.id, hash: [1]), deadline: nil) == .none)
    _ = try await stores.made(.emailVerification, user)
    _ = try await stores.made(.passwordReset, try await stores.user())
  }

  static let whoGetsNone = AccountCheck("nobody else gets a token") { stores in
    let deleted = try await stores.user(), disabled = try await stores.user(), user = try await stores.user()
    _ = try await stores.users.delete(deleted, expecting: .any, by: nil, deadline: nil)
    _ = try await stores.accounts.setDisabled(true, user: disabled, deadline: nil)
    func isMade(_ owner: NewOneTimeToken.Owner, _ new: EmailAddress? = nil) async throws -> Bool {
      try await stores.accounts.makeToken(
        NewOneTimeToken(id: .random(), purpose: .passwordReset, owner: owner, newEmail: new), deadline: nil)
    }
    for id in [deleted, disabled, UserID.random()] {
      #expect(try await !isMade(.user(id)))
      #expect(try await !isMade(.email(try EmailAddress("\(id)@example.com"))))
    }
    #expect(try await isMade(.email(try EmailAddress("\(user)@EXAMPLE.com"))))
    // The email of another user, deleted or not; one's own is no other's.
    #expect(try await !isMade(.user(user), try EmailAddress("\(disabled)@example.com")))
    #expect(try await !isMade(.user(user), try EmailAddress("\(deleted)@example.com")))
    #expect(try await isMade(.user(user), try EmailAddress("\(user)@Example.com")))
  }

  static let purposes = AccountCheck("a token serves only its purpose") { stores in
    let user = try await stores.user(), accounts = stores.accounts
    let reset = try await stores.claimed(.passwordReset, user)
    let verification = try await stores.claimed(.emailVerification, user)
    #expect(try await accounts.verifyEmail(by: reset, deadline: nil) == nil)
    #expect(try await accounts.changeEmail(by: reset, deadline: nil) == nil)
    #expect(try await accounts.changeEmail(by: verification, deadline: nil) == nil)
    #expect(try await accounts.resetPassword(by: verification, to: "two", deadline: nil) == nil)
    #expect(try await accounts.token(reset, for: .emailChange, deadline: nil) == nil)
    #expect(try await accounts.token(reset, for: .passwordReset, deadline: nil) != nil)
  }
}

extension AccountStores {
  /// A token without a secret, and the proof that it will have.
  func made(_ purpose: OneTimePurpose, _ user: UserID, _ new: EmailAddress? = nil) async throws -> OneTimeProof {
    let token = NewOneTimeToken(id: .random(), purpose: purpose, owner: .user(user), newEmail: new)
    #expect(try await accounts.makeToken(token, deadline: nil))
    return OneTimeProof(id: token.id, hash: [UInt8](repeating: 7, count: 32))
  }

  func claimed(_ purpose: OneTimePurpose, _ user: UserID, _ new: EmailAddress? = nil) async throws -> OneTimeProof {
    let proof = try await made(purpose, user, new)
    guard case .claimed = try await accounts.claimToken(proof, deadline: nil) else {
      Issue.record("not claimed")
      return proof
    }
    return proof
  }
}
