import Testing
import UserService

/// Sessions, from their beginning to their end.
enum SessionChecks {
  static let all = [beginnings, refreshing, endings, newPasswords, many, news, keys, races]

  static let beginnings = AccountCheck("a session begins, is found, and is listed") { stores in
    let user = try await stores.user(), accounts = stores.accounts
    let new = NewSession(id: SessionID(.random()), userID: user, tokenHash: [0, 1, 255])
    let begun = try await accounts.createSession(new, hash: "hash", deadline: nil)
    let session = begun.session
    #expect(session.id == new.id && session.userID == user && session.generation == 1 && begun.ended.isEmpty)
    #expect(session.tokenHash == [0, 1, 255] && session.isActive && session.createTime == session.refreshTime)
    #expect(session.expireTime - session.createTime == SessionLimits.lifetime * 1_000_000)
    var found = try #require(try await accounts.session(new.id, deadline: nil))
    #expect(found.readTime >= session.createTime)
    found.readTime = session.readTime
    #expect(found == session)
    let second = try await stores.session(of: user)
    let listed = try await accounts.sessions(of: user, deadline: nil)
    #expect(listed.map(\.id) == [second, new.id] && listed.allSatisfy(\.isActive))
    #expect(try await accounts.session(SessionID(.random()), deadline: nil) == nil)
    // Another password than the one that was checked.
    let refused = await outcome { _ = try await stores.session(of: user, hash: "other") }
    #expect(refused == .refused(.versionMismatch(user)))
  }

  static let refreshing = AccountCheck("each generation of a session is refreshed once") { stores in
    let user = try await stores.user(), accounts = stores.accounts
    let id = try await stores.session(of: user)
    let second = try #require(try await accounts.refresh(id, generation: 1, hash: [4], deadline: nil))
    #expect(second.generation == 2 && second.tokenHash == [4] && second.refreshTime >= second.createTime)
    #expect(second.expireTime - second.refreshTime == SessionLimits.lifetime * 1_000_000)
    #expect(try await accounts.refresh(id, generation: 1, hash: [5], deadline: nil) == nil)
    #expect(try await accounts.refresh(id, generation: 3, hash: [5], deadline: nil) == nil)
    #expect(try await accounts.session(id, deadline: nil)?.tokenHash == [4])
    #expect(try await accounts.refresh(id, generation: 2, hash: [6], deadline: nil)?.generation == 3)
    _ = try await accounts.endSession(id, of: nil, deadline: nil)
    #expect(try await accounts.refresh(id, generation: 3, hash: [7], deadline: nil) == nil)
    #expect(try await accounts.refresh(SessionID(.random()), generation: 1, hash: [7], deadline: nil) == nil)
  }

  static let endings = AccountCheck("a session ends once, and only that of the user who is named") { stores in
    let user = try await stores.user(), other = try await stores.user(), accounts = stores.accounts
    let one = try await stores.session(of: user), two = try await stores.session(of: user)
    let foreign = try await stores.session(of: other)
    #expect(try await !accounts.endSession(foreign, of: user, deadline: nil))
    #expect(try await stores.isActive(foreign))
    #expect(try await accounts.endSession(one, of: user, deadline: nil))
    #expect(try await !accounts.endSession(one, of: user, deadline: nil))
    #expect(try await !stores.isActive(one))
    let third = try await stores.session(of: user)
    #expect(Set(try await accounts.endSessions(of: user, deadline: nil)) == [two, third])
    #expect(try await accounts.sessions(of: user, deadline: nil).isEmpty)
    #expect(try await accounts.endSession(foreign, of: nil, deadline: nil))
    #expect(try await !accounts.endSession(SessionID(.random()), of: nil, deadline: nil))
  }

  static let newPasswords = AccountCheck("a new password ends all sessions but the one that is kept") { stores in
    let user = try await stores.user(), accounts = stores.accounts
    let one = try await stores.session(of: user), kept = try await stores.session(of: user)
    let change = try await accounts.setPassword(of: user, hash: "b", expecting: "hash", keeping: kept, deadline: nil)
    #expect(change.endedSessions == [one])
    #expect(try await !stores.isActive(one))
    #expect(try await stores.isActive(kept))
    #expect(try await accounts.refresh(kept, generation: 1, hash: [9], deadline: nil)?.generation == 2)
    #expect(try await accounts.sessions(of: user, deadline: nil).map(\.id) == [kept])
    // A session of somebody else is not kept for it.
    let foreign = try await stores.session(of: try await stores.user())
    _ = try await accounts.setPassword(of: user, hash: "c", expecting: nil, keeping: foreign, deadline: nil)
    #expect(try await !stores.isActive(kept))
    #expect(try await stores.isActive(foreign))
  }

  static let many = AccountCheck("a user has so many sessions and no more: the oldest ends") { stores in
    let user = try await stores.user()
    var ids: [SessionID] = []
    for _ in 0..<SessionLimits.perUser { ids.append(try await stores.session(of: user)) }
    let new = NewSession(id: SessionID(.random()), userID: user, tokenHash: [1])
    let begun = try await stores.accounts.createSession(new, hash: "hash", deadline: nil)
    #expect(begun.ended == [ids[0]])
    let listed = try await stores.accounts.sessions(of: user, deadline: nil).map(\.id)
    #expect(listed == [new.id] + ids.dropFirst().reversed())
  }

  static let news = AccountCheck("what has ended is told, by whatever it has ended") { stores in
    let user = try await stores.user(), accounts = stores.accounts
    let one = try await stores.session(of: user), two = try await stores.session(of: user)
    let going = try await stores.session(of: try await stores.user())
    _ = try await accounts.endSession(one, of: nil, deadline: nil)
    #expect(try await accounts.endedSessions(within: 60, deadline: nil) == [one])
    _ = try await accounts.setDisabled(true, user: user, deadline: nil)
    #expect(Set(try await accounts.endedSessions(within: 60, deadline: nil)) == [one, two])
    #expect(try await stores.isActive(going))
    // Its user is removed for good, and its own record with it.
    let other = try await stores.user(), last = try await stores.session(of: other)
    try await stores.users.purge(other, expecting: .any, by: nil, deadline: nil)
    #expect(Set(try await accounts.endedSessions(within: 60, deadline: nil)) == [one, two, last])
    #expect(try await accounts.session(last, deadline: nil)?.isActive != true)
  }

  /// Whoever has checked the old password begins a session before the new one is set, and then it ends, or not at all.
  static let races = AccountCheck("no session outlives the password that it began with") { stores in
    let user = try await stores.user()
    await withTaskGroup(of: Void.self) { group in
      for index in 0..<40 {
        group.addTask {
          if index == 20 {
            _ = try? await stores.accounts.setPassword(
              of: user, hash: "new", expecting: nil, keeping: nil, deadline: nil)
          } else {
            _ = try? await stores.session(of: user)
          }
        }
      }
    }
    #expect(try await stores.accounts.account(of: user, deadline: nil)?.passwordHash == "new")
    #expect(try await stores.accounts.sessions(of: user, deadline: nil).isEmpty)
  }

  static let keys = AccountCheck("the key of refresh tokens stays the same") { stores in
    let key = try await stores.accounts.refreshKey(deadline: nil)
    #expect(key.count >= 32 && Set(key).count > 8)
    #expect(try await stores.accounts.refreshKey(deadline: nil) == key)
  }
}
