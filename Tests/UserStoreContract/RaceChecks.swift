import Testing
import UserService

/// Processes that use one store at the same time.
enum RaceChecks {
  static let all: [StoreCheck] = [
    StoreCheck.race("creations with one email create one user") { store in
      for round in 0..<5 {
        let outcomes = await store.race(20) { store, index in
          let spelling = index % 2 == 0 ? "Ann" : "ANN"
          _ = try await store.create(.sample("\(spelling)\(round)@example.com"), deadline: nil)
        }
        #expect(outcomes == [.done: 1, .refused(.alreadyExists(.email)): 39])
      }
    },

    StoreCheck.race("creations with one id create one user") { store in
      let id = UserID.random()
      let outcomes = await store.race(20) { store, index in
        _ = try await store.create(.sample("u\(index)@example.com", id: id), deadline: nil)
      }
      #expect(outcomes == [.done: 1, .refused(.alreadyExists(.id)): 39])
    },

    StoreCheck.race("of updates to one email, one succeeds") { store in
      var users: [UserID] = []
      for index in 0..<40 {
        users.append(try await store.first.create(.sample("u\(index)@example.com"), deadline: nil).id)
      }
      let ids = users
      let change = UserChange(email: try EmailAddress("ann@example.com"))
      let outcomes = await store.race(20) { store, index in
        _ = try await store.update(ids[index], change, expecting: .any, deadline: nil)
      }
      #expect(outcomes == [.done: 1, .refused(.alreadyExists(.email)): 39])
    },

    // Each reads, adds one, and writes with the version that it has read; if that version is gone, it starts again.
    StoreCheck.race("updates that expect a version lose nothing") { store in
      let id = try await store.first.create(.sample("ann@example.com", name: "0"), deadline: nil).id
      let outcomes = await store.race(4) { store, _ in
        for _ in 0..<25 {
          var isDone = false
          while !isDone {
            let user = try #require(try await store.find(id: id, deadline: nil))
            let change = UserChange(name: "\((Int(user.name) ?? 0) + 1)")
            let ending = await outcome {
              _ = try await store.update(id, change, expecting: .exactly(user.version), deadline: nil)
            }
            #expect(ending == .done || ending == .refused(.versionMismatch(id)))
            isDone = ending == .done
          }
        }
      }
      #expect(outcomes == [.done: 8])
      let user = try await store.second.find(id: id, deadline: nil)
      #expect(user?.name == "200" && user?.version == 201)
    },

    // Without an expected version the last write wins, field by field.
    StoreCheck.race("updates of different fields keep each other's") { store in
      let id = try await store.first.create(.sample("ann@example.com"), deadline: nil).id
      for round in 0..<20 {
        let outcomes = await store.race(1) { store, index in
          let change = index == 0 ? UserChange(name: "\(round)") : UserChange(labels: ["round": "\(round)"])
          _ = try await store.update(id, change, expecting: .any, deadline: nil)
        }
        #expect(outcomes == [.done: 2])
        let user = try await store.first.find(id: id, deadline: nil)
        #expect(user?.name == "\(round)" && user?.labels == ["round": "\(round)"])
      }
      #expect(try await store.first.find(id: id, deadline: nil)?.version == 41)
    },

    StoreCheck.race("a deletion happens once") { store in
      let id = try await store.first.create(.sample("ann@example.com"), deadline: nil).id
      let deletions = await store.race(10) { store, _ in
        _ = try await store.delete(id, expecting: .any, deadline: nil)
      }
      #expect(deletions == [.done: 1, .refused(.isDeleted(id)): 19])
      let returns = await store.race(10) { store, _ in
        _ = try await store.undelete(id, expecting: .any, deadline: nil)
      }
      #expect(returns == [.done: 1, .refused(.isNotDeleted(id)): 19])
      #expect(try await store.first.find(id: id, deadline: nil)?.version == 3)
    },
  ]
}
