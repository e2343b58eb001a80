import EventLoop
import Testing

@testable import PostgresUserStore
@testable import UserService

/// Two processes on one database: a client each, on two loops.
@Suite struct StoreRaceTests {
  /// Runs `body` on both loops, so many times for each process, all at once; the refusals, counted.
  private static func race(
    _ bench: PostgresBench, _ count: Int,
    _ body: @escaping @Sendable (PostgresUserStore, Int) async throws -> Void
  ) async -> [String: Int] {
    let stores = bench.clients.map { PostgresUserStore(client: $0) }
    return await withTaskGroup(of: String.self) { group in
      for index in 0..<(count * stores.count) {
        let loop = bench.loops.loops[index / stores.count % bench.loops.loops.count]
        let store = stores[index % stores.count]
        group.addTask(executorPreference: loop) { await refusal { try await body(store, index) } }
      }
      return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    }
  }

  @Test func createsOfOneEmailGiveOneUser() async throws {
    try await PostgresBench.run(processes: 2) { bench in
      for round in 0..<5 {
        let answers = await Self.race(bench, 20) { store, index in
          let spelling = index % 2 == 0 ? "Ann" : "ANN"
          _ = try await store.create(.sample("\(spelling)\(round)@example.com"), deadline: nil)
        }
        #expect(answers == ["": 1, "USER_ALREADY_EXISTS email": 39])
      }
    }
  }

  @Test func createsOfOneIDGiveOneUser() async throws {
    try await PostgresBench.run(processes: 2) { bench in
      let id = UserID.random()
      let answers = await Self.race(bench, 20) { store, index in
        _ = try await store.create(.sample("u\(index)@example.com", id: id), deadline: nil)
      }
      #expect(answers == ["": 1, "USER_ALREADY_EXISTS id": 39])
    }
  }

  @Test func updatesToOneEmailLetOneThrough() async throws {
    try await PostgresBench.run(processes: 2) { bench in
      let store = PostgresUserStore(client: bench.clients[0])
      var users: [UserID] = []
      for index in 0..<40 { users.append(try await store.create(.sample("u\(index)@example.com"), deadline: nil).id) }
      let ids = users
      let change = UserChange(email: try EmailAddress("ann@example.com"))
      let answers = await Self.race(bench, 20) { store, index in
        _ = try await store.update(ids[index], change, expecting: .any, deadline: nil)
      }
      #expect(answers == ["": 1, "USER_ALREADY_EXISTS email": 39])
    }
  }

  /// Read, add one, write with the version that was read, again if it was another one: no addition is lost.
  @Test func updatesWithAnEtagLoseNothing() async throws {
    try await PostgresBench.run(processes: 2) { bench in
      let id = try await PostgresUserStore(client: bench.clients[0])
        .create(.sample("ann@example.com", name: "0"), deadline: nil).id
      let answers = await Self.race(bench, 4) { store, _ in
        for _ in 0..<25 {
          var isDone = false
          while !isDone {
            let user = try #require(try await store.find(id: id, deadline: nil))
            let change = UserChange(name: "\((Int(user.name) ?? 0) + 1)")
            let answer = await refusal {
              _ = try await store.update(id, change, expecting: .exactly(user.version), deadline: nil)
            }
            #expect(answer == "" || answer == "ETAG_MISMATCH")
            isDone = answer == ""
          }
        }
      }
      #expect(answers == ["": 8])
      let user = try await PostgresUserStore(client: bench.clients[1]).find(id: id, deadline: nil)
      #expect(user?.name == "200" && user?.version == 201)
    }
  }

  /// Without an etag the last one wins field by field: who writes the name never undoes who writes the labels.
  @Test func updatesOfDifferentFieldsKeepEachOther() async throws {
    try await PostgresBench.run(processes: 2) { bench in
      let store = PostgresUserStore(client: bench.clients[0])
      let id = try await store.create(.sample("ann@example.com"), deadline: nil).id
      for round in 0..<20 {
        let answers = await Self.race(bench, 1) { store, index in
          let change = index == 0 ? UserChange(name: "\(round)") : UserChange(labels: ["round": "\(round)"])
          _ = try await store.update(id, change, expecting: .any, deadline: nil)
        }
        #expect(answers == ["": 2])
        let user = try await store.find(id: id, deadline: nil)
        #expect(user?.name == "\(round)" && user?.labels == ["round": "\(round)"])
      }
      #expect(try await store.find(id: id, deadline: nil)?.version == 41)
    }
  }

  @Test func deletionsHappenOnce() async throws {
    try await PostgresBench.run(processes: 2) { bench in
      let store = PostgresUserStore(client: bench.clients[0])
      let id = try await store.create(.sample("ann@example.com"), deadline: nil).id
      let deletions = await Self.race(bench, 10) { store, _ in
        _ = try await store.delete(id, expecting: .any, deadline: nil)
      }
      #expect(deletions == ["": 1, "USER_DELETED": 19])
      let returns = await Self.race(bench, 10) { store, _ in
        _ = try await store.undelete(id, expecting: .any, deadline: nil)
      }
      #expect(returns == ["": 1, "USER_NOT_DELETED": 19])
      #expect(try await store.find(id: id, deadline: nil)?.version == 3)
    }
  }
}
