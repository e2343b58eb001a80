import EventLoop
import Logging
import Synchronization
import TestSupport
import Testing
import UserService
import UserStoreContract

@testable import Postgres
@testable import PostgresUserStore

/// Deleted users are removed for good when their time has come, on a real Postgres.
@Suite struct StorePurgeTests {
  /// Deleted users whose time has come: u1 to u`count`.
  private static func addExpired(_ count: Int, _ bench: PostgresBench) async throws {
    try await bench.execute(
      """
      INSERT INTO users (id, email, email_normalized, name, labels, create_time, update_time, delete_time, purge_time,
        version)
      SELECT lpad(to_hex(n), 32, '0')::uuid, 'u' || n || '@example.com', 'u' || n || '@example.com', '', '{}', now(),
        now(), now() - interval '2 days', now() - interval '1 hour' + n * interval '1 s', 2
      FROM generate_series(1, \(count)) n
      """)
  }

  private static func ids(_ bench: PostgresBench) async throws -> [UInt64] {
    let rows = try await bench.clients[0].query(Statement("test_ids", "SELECT id FROM users ORDER BY id"))
    return try rows.map { try $0[0].uuid.low }
  }

  @Test func removesWhomItsTimeHasComeAndNobodyElse() async throws {
    try await PostgresBench.run { bench in
      let purge = UserPurge(client: bench.clients[0], batchSize: 10)
      let store = PostgresUserStore(client: bench.clients[0], retention: .seconds(3600))
      #expect(try await purge.count() == 0)
      #expect(try await purge.removeBatch() == 0)
      let live = try await store.create(.sample("live@example.com"), deadline: nil)
      let recent = try await store.create(.sample("recent@example.com"), deadline: nil)
      _ = try await store.delete(recent.id, expecting: .any, deadline: nil)
      try await Self.addExpired(25, bench)
      #expect(try await purge.count() == 25)
      #expect(try await purge.removeBatch() == 10)
      // Those whose time came first.
      #expect(try await Self.ids(bench).prefix(15).elementsEqual(11...25))
      #expect(try await purge.removeBatch() == 10)
      #expect(try await purge.removeBatch() == 5)
      #expect(try await purge.removeBatch() == 0)
      #expect(try await store.find(id: live.id, deadline: nil) == live)
      #expect(try await store.undelete(recent.id, expecting: .any, deadline: nil).id == recent.id)
    }
  }

  @Test func itsIDAndEmailAreFreeAgain() async throws {
    try await PostgresBench.run { bench in
      let store = PostgresUserStore(client: bench.clients[0], retention: .zero)
      let id = try await store.create(.sample("ann@example.com"), deadline: nil).id
      _ = try await store.delete(id, expecting: .any, deadline: nil)
      #expect(
        await outcome { _ = try await store.create(.sample("ann@example.com"), deadline: nil) }
          == .refused(.alreadyExists(.email)))
      // Its time has passed, and nobody has removed it yet: it can be seen, and not be had back.
      #expect(try await store.find(id: id, deadline: nil)?.isDeleted == true)
      #expect(
        await outcome { _ = try await store.undelete(id, expecting: .any, deadline: nil) } == .refused(.isExpired(id)))
      #expect(try await UserPurge(client: bench.clients[0]).removeBatch() == 1)
      #expect(try await store.find(id: id, deadline: nil) == nil)
      #expect(
        await outcome { _ = try await store.undelete(id, expecting: .any, deadline: nil) } == .refused(.notFound(id)))
      #expect(try await store.create(.sample("ANN@example.com", id: id), deadline: nil).version == 1)
    }
  }

  /// Whose row somebody else holds is left for the next time.
  @Test func waitsForNobody() async throws {
    try await PostgresBench.run(processes: 2) { bench in
      let purge = UserPurge(client: bench.clients[0], batchSize: 10)
      try await Self.addExpired(5, bench)
      try await bench.clients[1].withConnection(deadline: .max) { holder in
        let begin = "BEGIN; SELECT FROM users WHERE email_normalized = 'u3@example.com' FOR UPDATE"
        try await holder.execute("test", script: begin)
        #expect(try await purge.removeBatch() == 4)
        #expect(try await Self.ids(bench) == [3])
        #expect(try await purge.removeBatch() == 0)
        // What locks the whole table is waited for shortly: the purge itself keeps nobody waiting behind it.
        try await holder.execute("test", script: "LOCK TABLE users IN SHARE MODE")
        let error = await #expect(throws: PostgresError.self) { try await purge.removeBatch() }
        #expect(error?.code == .lockNotAvailable)
        try await holder.execute("test", script: "ROLLBACK")
      }
      #expect(try await purge.removeBatch() == 1)
    }
  }

  /// Undeletions at the moment of the purge: each user is had back or removed, never both, never lost.
  @Test func undeletionOrPurgeWins() async throws {
    try await PostgresBench.run(processes: 2) { bench in
      let stores = bench.clients.map { PostgresUserStore(client: $0, retention: .milliseconds(300)) }
      var users: [UserID] = []
      for index in 0..<200 {
        users.append(try await stores[0].create(.sample("u\(index)@example.com"), deadline: nil).id)
      }
      for id in users { _ = try await stores[0].delete(id, expecting: .any, deadline: nil) }
      let purge = UserPurge(client: bench.clients[1], batchSize: 7)
      let answers = try await withThrowingTaskGroup(of: (UserID, StoreOutcome)?.self) { group in
        for (index, id) in users.enumerated() {
          group.addTask(executorPreference: bench.loops.loops[0]) {
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...400)))
            let store = stores[index % 2]
            return (id, await outcome { _ = try await store.undelete(id, expecting: .any, deadline: nil) })
          }
        }
        group.addTask(executorPreference: bench.loops.loops[1]) {
          for _ in 0..<200 {
            _ = try await purge.removeBatch()
            try await Task.sleep(for: .milliseconds(2))
          }
          return nil
        }
        return try await group.reduce(into: [UserID: StoreOutcome]()) { if let answer = $1 { $0[answer.0] = answer.1 } }
      }
      while try await purge.removeBatch() > 0 {}
      for (id, answer) in answers {
        let user = try await stores[0].find(id: id, deadline: nil)
        switch answer {
        case .done: #expect(user?.isDeleted == false)
        case .refused(.isExpired(id)), .refused(.notFound(id)): #expect(user == nil)
        default: Issue.record("an undeletion ended with \(answer)")
        }
      }
      #expect(answers.count == users.count)
    }
  }

  /// An undeletion that is not committed yet holds the row; one that waits for the purge finds nobody.
  @Test func theOneWhoHoldsTheRowWins() async throws {
    try await PostgresBench.run(processes: 2) { bench in
      let purge = UserPurge(client: bench.clients[0])
      let store = PostgresUserStore(client: bench.clients[0])
      try await Self.addExpired(1, bench)
      try await bench.clients[1].withConnection(deadline: .max) { holder in
        try await holder.execute("test", script: "BEGIN; UPDATE users SET delete_time = NULL, purge_time = NULL")
        #expect(try await purge.removeBatch() == 0)
        try await holder.execute("test", script: "COMMIT")
        #expect(try await purge.removeBatch() == 0)
        #expect(try await Self.ids(bench) == [1])
        // It was not expired when the undeletion began, and is removed by the time it gets the row.
        try await bench.execute("UPDATE users SET delete_time = now(), purge_time = now() + interval '1 hour'")
        try await holder.execute("test", script: "BEGIN; DELETE FROM users")
        async let undeletion = outcome {
          _ = try await store.undelete(UserID(high: 0, low: 1), expecting: .any, deadline: nil)
        }
        try await Task.sleep(for: .milliseconds(50))
        try await holder.execute("test", script: "COMMIT")
        #expect(await undeletion == .refused(.notFound(UserID(high: 0, low: 1))))
      }
    }
  }

  // MARK: The worker

  @Test func oneReplicaAtATimeRemovesBatchByBatch() async throws {
    try await PostgresBench.run(processes: 2) { bench in
      let works = bench.clients.map { client in
        PurgeWork(UserPurge(client: client, batchSize: 10), every: .seconds(3600), logger: .silent)
      }
      // Nobody to be removed: a long rest, and no lease is taken.
      #expect(try await works[1].turn() > .seconds(2000))
      try await Self.addExpired(25, bench)
      #expect(try await works[0].turn() <= .seconds(5))
      #expect(try await Self.ids(bench).count == 15)
      #expect(try await works[1].turn() > .seconds(2000))
      #expect(try await Self.ids(bench).count == 15)
      #expect(try await works[0].turn() <= .seconds(5))
      #expect(try await works[0].turn() > .seconds(2000))
      #expect(try await Self.ids(bench).isEmpty)
      // Whoever has it and says nothing more loses it.
      try await bench.execute("UPDATE worker_leases SET expire_time = now() WHERE name = 'purge'")
      try await Self.addExpired(3, bench)
      _ = try await works[1].turn()
      #expect(try await Self.ids(bench).isEmpty)
      try await Self.addExpired(3, bench)
      _ = try await works[0].turn()
      #expect(try await Self.ids(bench).count == 3)
    }
  }

  /// A lease that is being taken is somebody else's.
  @Test func theLeaseIsNotWaitedFor() async throws {
    try await PostgresBench.run(processes: 2) { bench in
      let purge = UserPurge(client: bench.clients[0])
      try await Self.addExpired(3, bench)
      try await bench.clients[1].withConnection(deadline: .max) { holder in
        try await holder.execute("test", script: "BEGIN; UPDATE worker_leases SET holder = holder")
        #expect(try await purge.removeBatch(takesTurns: true) == 0)
        // By hand it needs none.
        #expect(try await purge.removeBatch() == 3)
      }
    }
  }
}
