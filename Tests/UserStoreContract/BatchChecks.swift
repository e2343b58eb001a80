import Testing
import UserService

/// Batches: all or nothing, and in order.
enum BatchChecks {
  static let all: [StoreCheck] = [
    StoreCheck("a batch of ids is found in its order") { store in
      let users = try await store.create(try (0..<5).map { try NewUser.sample("u\($0)@example.com") }, deadline: nil)
      _ = try await store.delete(users[1].id, expecting: .any, deadline: nil)
      let found = try await store.find(
        ids: [users[4].id, .random(), users[1].id, users[4].id], deadline: nil)
      #expect(found.map { $0?.id } == [users[4].id, nil, users[1].id, users[4].id])
      #expect(found[2]?.isDeleted == true)
      #expect(try await store.find(ids: [], deadline: nil).isEmpty)
    },

    StoreCheck("a batch is created whole, in its order") { store in
      let users = try (0..<100).map { try NewUser.sample("u\($0 * 37 % 100)@example.com", labels: ["n": "\($0)"]) }
      let created = try await store.create(users, deadline: nil)
      #expect(created.map(\.id) == users.map(\.id) && created.map(\.email) == users.map(\.email.address))
      #expect(try await store.find(ids: users.map(\.id), deadline: nil) == created)
      #expect(try await store.create([NewUser](), deadline: nil).isEmpty)
    },

    StoreCheck("a batch with a user that can't be is refused, with its index") { store in
      let ann = try await store.create(.sample("ann@example.com"), deadline: nil)
      let bob = try NewUser.sample("bob@example.com")
      let cases: [([NewUser], Int, StoreRefusal.UniqueField)] = [
        ([bob, try .sample("ANN@example.com")], 1, .email), ([try .sample("x@example.com", id: ann.id), bob], 0, .id),
        ([bob, try .sample("y@example.com"), try .sample("BOB@example.com")], 2, .email),
        ([bob, try .sample("y@example.com", id: bob.id)], 1, .id),
        // The first of them.
        ([bob, try .sample("ann@example.com"), bob], 1, .email), ([bob, bob, try .sample("ann@example.com")], 1, .id),
      ]
      for (users, index, field) in cases {
        let ending = await outcome { _ = try await store.create(users, deadline: nil) }
        #expect(ending == .refusedItem(index, .alreadyExists(field)))
        #expect(try await store.find(id: bob.id, deadline: nil) == nil)
      }
    },

    StoreCheck("a batch of changes is made whole, or not") { store in
      let users = try await store.create(try (0..<4).map { try NewUser.sample("u\($0)@example.com") }, deadline: nil)
      let deleted = try await store.delete(users[3].id, expecting: .any, deadline: nil)
      let good = [
        UserUpdate(users[2].id, UserChange(name: "Two"), expecting: .exactly(1)),
        UserUpdate(users[0].id, UserChange(email: try EmailAddress("zero@example.com")), expecting: .any),
        UserUpdate(users[1].id, UserChange(), expecting: .any),
      ]
      let stranger = UserID.random()
      let bad: [(UserUpdate, StoreRefusal)] = [
        (UserUpdate(stranger, UserChange(name: "x"), expecting: .any), .notFound(stranger)),
        (UserUpdate(deleted.id, UserChange(name: "x"), expecting: .any), .isDeleted(deleted.id)),
        (UserUpdate(users[3].id, UserChange(), expecting: .any), .isDeleted(deleted.id)),
      ]
      for (update, refusal) in bad {
        let ending = await outcome { _ = try await store.update(good + [update], deadline: nil) }
        #expect(ending == .refusedItem(3, refusal))
      }
      let stale = UserUpdate(users[1].id, UserChange(name: "x"), expecting: .exactly(7))
      let taken = UserUpdate(users[1].id, UserChange(email: try EmailAddress("U3@example.com")), expecting: .any)
      for (update, refusal) in [(stale, StoreRefusal.versionMismatch(users[1].id)), (taken, .alreadyExists(.email))] {
        let ending = await outcome { _ = try await store.update([good[0], update], deadline: nil) }
        #expect(ending == .refusedItem(1, refusal))
      }
      #expect(try await store.find(ids: users.prefix(3).map(\.id), deadline: nil) == Array(users.prefix(3)))

      let changed = try await store.update(good, deadline: nil)
      #expect(changed.map(\.id) == good.map(\.id) && changed.map(\.version) == [2, 2, 1])
      #expect(changed[0].name == "Two" && changed[1].email == "zero@example.com")
      #expect(try await store.find(ids: changed.map(\.id), deadline: nil) == changed)
    },

    StoreCheck("batches, repeated creations and imports have an event for each user") { store in
      let begin = try await store.lastEvent(deadline: nil)
      let ops = Author(id: "ops")
      let users = try await store.create(
        (0..<3).map { try NewUser.sample("u\($0)@example.com") }, by: ops, deadline: nil)
      var labels = UserChange()
      labels.setLabels = ["a": "b"]
      _ = try await store.update(
        [
          UserUpdate(users[0].id, UserChange(name: "x"), expecting: .any),
          UserUpdate(users[1].id, labels, expecting: .any),
        ], by: ops, deadline: nil)
      let refused = [users[2], users[0]].map { UserUpdate($0.id, UserChange(name: "y"), expecting: .exactly(1)) }
      _ = await outcome { _ = try await store.update(refused, by: ops, deadline: nil) }
      let request = CreationRequest(id: .random(), fingerprint: [1])
      for _ in 0..<3 {
        _ = try await store.create(.sample("once@example.com"), once: request, by: ops, deadline: nil)
      }
      var chunk = ImportChunk(importID: .random(), firstIndex: 0)
      chunk.rowCount = 2
      chunk.rows = [
        ImportRow(index: 0, user: try .sample("new@example.com")),
        ImportRow(index: 1, user: try .sample("u0@example.com")),
      ]
      for _ in 0..<2 { _ = try await store.merge(chunk, by: ops, deadline: nil) }

      let events = try await EventChecks.readEvents(store, after: begin, 7)
      #expect(events.map(\.kind) == [.created, .created, .created, .updated, .updated, .created, .created])
      #expect(events.allSatisfy { $0.author == ops })
      #expect(Set(events[..<3].map(\.userID)) == Set(users.map(\.id)))
      #expect(Set(events[3..<5].map(\.fields)) == [["name"], ["labels"]])
      #expect(events.last?.userID == chunk.rows[0].user.id)
    },

    // Each batch wins whole or loses whole, and none is lost to a deadlock.
    .race("batches that cross each other") { handles in
      let users = try await handles.first.create(
        try (0..<6).map { try NewUser.sample("u\($0)@example.com") }, deadline: nil)
      let outcomes = await handles.race(10) { store, index in
        let order = index % 2 == 0 ? users : users.reversed()
        let updates = order.map { UserUpdate($0.id, UserChange(name: "\(index)"), expecting: .any) }
        _ = try await store.update(updates, deadline: nil)
      }
      #expect(outcomes == [.done: 20])
      let after = try await handles.second.find(ids: users.map(\.id), deadline: nil)
      #expect(Set(after.map { $0?.name }).count == 1 && after.allSatisfy { $0?.version == 21 })
    },

    .race("batches of the same emails") { handles in
      let outcomes = await handles.race(8) { store, index in
        let users = try (0..<10).map { try NewUser.sample("u\(index % 2 == 0 ? $0 : 9 - $0)@example.com") }
        _ = try await store.create(users, deadline: nil)
      }
      #expect(outcomes[.done] == 1)
      #expect(outcomes[.refusedItem(0, .alreadyExists(.email))] == 15)
      let query = UserPageQuery(order: UserOrder(.email), limit: 100)
      let page = try await handles.first.page(query, deadline: nil)
      #expect(page.users.count == 10)
    },
  ]
}
