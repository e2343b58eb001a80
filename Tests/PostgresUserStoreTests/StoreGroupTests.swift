import EventLoop
import Primitives
import TestSupport
import Testing
import UserService
import UserStoreContract

@testable import Postgres
@testable import PostgresUserStore

/// Creations that are under way together share statements, and nobody can tell but by the speed.
@Suite struct StoreGroupTests {
  @Test func creationsShareTransactionsAndHaveOutcomesOfTheirOwn() async throws {
    try await PostgresBench.run(adjust: { $0.maximumGroupsInFlight = 1 }) { bench in
      let store = PostgresUserStore(client: bench.clients[0])
      let taken = try await store.create(.sample("taken@example.com"), deadline: nil)
      let answers = await withTaskGroup(of: (Int, StoreOutcome).self) { group in
        for index in 0..<600 {
          group.addTask(executorPreference: bench.loops.loops[0]) {
            // Of each ten one email is taken, one is given twice, and one id is taken.
            let answer = await outcome {
              var user =
                switch index % 10 {
                case 0: try NewUser.sample("Taken@example.com")
                case 1, 2: try NewUser.sample("twice\(index / 10)@example.com")
                case 3: try NewUser.sample("u\(index)@example.com", id: taken.id)
                default: try NewUser.sample("u\(index)@example.com", name: "\(index)", labels: ["n": "\(index)"])
                }
              user.isIDChosen = index % 10 == 3
              let created = try await store.create(user, deadline: nil)
              #expect(created.id == user.id && created.name == user.name && created.labels == user.labels)
              #expect(created.email == user.email.address && created.version == 1)
              #expect(try await store.find(id: user.id, deadline: nil) == created)
            }
            return (index, answer)
          }
        }
        return await group.reduce(into: [Int: StoreOutcome]()) { $0[$1.0] = $1.1 }
      }
      for index in 0..<600 {
        switch index % 10 {
        case 0: #expect(answers[index] == .refused(.alreadyExists(.email)))
        case 1: #expect(Set([answers[index], answers[index + 1]]) == [.done, .refused(.alreadyExists(.email))])
        case 2: break
        case 3: #expect(answers[index] == .refused(.alreadyExists(.id)))
        default: #expect(answers[index] == .done)
        }
      }
      let rows = try await bench.clients[0].query(
        Statement(
          "test: transactions", "SELECT count(*), count(DISTINCT xmin::text) FROM users", isReadOnly: true))
      let (users, transactions) = (try rows[0][0].int64, try rows[0][1].int64)
      #expect(users == 1 + 7 * 60)
      #expect(transactions < users / 4)
    }
  }

  /// What another process takes at the same moment has no outcome in the group; the second attempt sees it.
  @Test func processesThatCreateTheSameUsersAgree() async throws {
    try await PostgresBench.run(processes: 2) { bench in
      let stores = bench.clients.map { PostgresUserStore(client: $0) }
      let answers = await withTaskGroup(of: StoreOutcome.self) { group in
        for index in 0..<800 {
          group.addTask(executorPreference: bench.loops.loops[index % 2]) {
            await outcome {
              var user = try NewUser.sample("u\(index / 2)@example.com")
              user.isIDChosen = false
              _ = try await stores[index % 2].create(user, deadline: nil)
            }
          }
        }
        return await group.reduce(into: [StoreOutcome: Int]()) { $0[$1, default: 0] += 1 }
      }
      #expect(answers == [.done: 400, .refused(.alreadyExists(.email)): 400])
    }
  }

  /// A lock on one of the emails takes the outcome from the whole group: each row goes again by itself.
  @Test func oneLockedEmailHoldsUpNoOther() async throws {
    try await PostgresBench.run(adjust: {
      $0.maximumGroupsInFlight = 1
      $0.poolSize = 8
    }) { bench in
      let store = PostgresUserStore(client: bench.clients[0])
      try await bench.clients[0].withTransaction { transaction in
        try await transaction.query(
          Statement(
            "test: hold",
            """
            INSERT INTO users (id, email, email_normalized, name, labels, create_time, update_time, version)
            VALUES (gen_random_uuid(), 'held@example.com', 'held@example.com', '', '{}', now(), now(), 1)
            """))
        try await withThrowingTaskGroup(of: Void.self) { group in
          for index in 0..<50 {
            group.addTask(executorPreference: bench.loops.loops[0]) {
              var user = try NewUser.sample("u\(index)@example.com")
              user.isIDChosen = false
              _ = try await store.create(user, deadline: nil)
            }
          }
          group.addTask(executorPreference: bench.loops.loops[0]) {
            var user = try NewUser.sample("held@example.com")
            user.isIDChosen = false
            let held = user
            let deadline = MonotonicClock.nanoseconds + 800_000_000
            #expect(
              await outcome { _ = try await store.create(held, deadline: deadline) } == .failed(.deadlineExceeded))
          }
          try await group.waitForAll()
        }
      }
      #expect(try await store.find(email: EmailAddress("held@example.com"), deadline: nil) != nil)
    }
  }

  /// A name that Postgres can't store fails its own creation, not those that travel with it.
  @Test func oneRowThatCannotBeSentFailsAlone() async throws {
    try await PostgresBench.run { bench in
      let store = PostgresUserStore(client: bench.clients[0])
      let answers = await withTaskGroup(of: StoreOutcome.self) { group in
        for index in 0..<20 {
          group.addTask(executorPreference: bench.loops.loops[0]) {
            await outcome {
              var user = try NewUser.sample("u\(index)@example.com", name: index == 7 ? "a\u{0}b" : "a")
              user.isIDChosen = false
              _ = try await store.create(user, deadline: nil)
            }
          }
        }
        return await group.reduce(into: [StoreOutcome: Int]()) { $0[$1, default: 0] += 1 }
      }
      #expect(answers == [.done: 19, .failed(.internal): 1])
    }
  }
}
