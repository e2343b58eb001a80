import EventLoop
import Primitives
import Synchronization
import TestSupport
import Testing
import UserService
import UserStoreContract

@testable import Postgres
@testable import PostgresUserStore

/// What others' locks do to the service, and what they must not.
@Suite struct StoreContentionTests {
  private static func run(
    _ body: @escaping @Sendable (PostgresBench, PostgresUserStore) async throws -> Void
  ) async throws {
    try await PostgresBench.run(adjust: {
      $0.poolSize = 10
      $0.poolOverflow = 10
    }) { bench in
      try await body(bench, PostgresUserStore(client: bench.clients[0]))
    }
  }

  private static func deadline(_ time: Duration) -> UInt64 {
    MonotonicClock.nanoseconds.saturatingAdd(time.clampedNanoseconds)
  }

  /// Holds the locks that a script takes until `body` returns, as somebody does who left a transaction open in psql.
  private nonisolated(nonsending) static func locked<T: Sendable>(
    _ bench: PostgresBench, _ script: String, _ body: nonisolated(nonsending) () async throws -> T
  ) async throws -> T {
    try await bench.clients[0].withConnection(deadline: .max) { connection in
      try await connection.execute("lock", script: "BEGIN; \(script)")
      let result: Result<T, any Error>
      do {
        result = .success(try await body())
      } catch {
        result = .failure(error)
      }
      try await connection.execute("unlock", script: "ROLLBACK")
      return try result.get()
    }
  }

  /// Statements of the service's own that run or wait in the server now.
  private static func running(_ bench: PostgresBench) async throws -> Int64 {
    let statement = Statement(
      "test: running",
      """
      SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'
        AND pid <> pg_backend_pid() AND query NOT LIKE '%pg_stat_activity%'
      """, isReadOnly: true)
    return try await bench.clients[0].query(statement)[0][0].int64
  }

  /// The first fault: expired writes waited in the pipeline, and overwrote what was acknowledged after them.
  @Test func expiredWritesNeverOverwriteNewerOnes() async throws {
    try await Self.run { bench, store in
      let user = try await store.create(.sample("ann@example.com", name: "before"), deadline: nil)
      let answers = try await Self.locked(bench, "UPDATE users SET labels = labels") {
        let deadline = Self.deadline(.milliseconds(500))
        return await withTaskGroup(of: StoreOutcome.self) { group in
          for index in 0..<120 {
            group.addTask(executorPreference: bench.loops.loops[index % 2]) {
              await outcome {
                _ = try await store.update(user.id, UserChange(name: "old"), expecting: .any, deadline: deadline)
              }
            }
          }
          return await group.reduce(into: [StoreOutcome: Int]()) { $0[$1, default: 0] += 1 }
        }
      }
      #expect(answers == [.failed(.deadlineExceeded): 120])
      _ = try await store.update(user.id, UserChange(name: "new"), expecting: .any, deadline: nil)
      #expect(try await Self.running(bench) == 0)
      #expect(try await store.find(id: user.id, deadline: nil)?.name == "new")
      #expect(try await store.find(id: user.id, deadline: nil)?.version == 2)
    }
  }

  /// The second fault: one waiting write held up all reads of its connection.
  @Test(arguments: ["UPDATE users SET labels = labels", "LOCK TABLE users IN SHARE MODE"])
  func writersThatWaitForALockStopNoReads(lock: String) async throws {
    try await Self.run { bench, store in
      let user = try await store.create(.sample("ann@example.com"), deadline: nil)
      let other = try await store.create(.sample("bob@example.com"), deadline: nil)
      try await withThrowingTaskGroup(of: StoreOutcome.self) { group in
        try await Self.locked(bench, lock) {
          for index in 0..<60 {
            group.addTask(executorPreference: bench.loops.loops[index % 2]) {
              await outcome {
                _ = try await store.update(
                  user.id, UserChange(name: "\(index)"), expecting: .any, deadline: Self.deadline(.seconds(20)))
              }
            }
          }
          // Until writes wait in the server.
          while try await Self.running(bench) < 2 { await Task.yield() }
          for _ in 0..<500 {
            #expect(try await store.find(id: user.id, deadline: Self.deadline(.seconds(5))) != nil)
            #expect(try await store.find(email: EmailAddress("bob@example.com"), deadline: nil)?.id == other.id)
          }
        }
        // The lock is gone: all of them get through.
        for try await answer in group { #expect(answer == .done) }
      }
      #expect(try await store.find(id: user.id, deadline: nil)?.version == 61)
    }
  }

  /// A schema change holds a lock that reads meet too: they wait until it goes, and none fails.
  @Test func readsOutliveASchemaChange() async throws {
    try await Self.run { bench, store in
      let user = try await store.create(.sample("ann@example.com"), deadline: nil)
      try await withThrowingTaskGroup(of: Bool.self) { group in
        try await Self.locked(bench, "LOCK TABLE users IN ACCESS EXCLUSIVE MODE") {
          for index in 0..<50 {
            group.addTask(executorPreference: bench.loops.loops[index % 2]) {
              try await store.find(id: user.id, deadline: Self.deadline(.seconds(20)))?.id == user.id
            }
          }
          try await Task.sleep(for: .milliseconds(600))
        }
        for try await isFound in group { #expect(isFound) }
      }
    }
  }

  /// The third fault: users who swap emails deadlock in Postgres, and everybody waited for the deadlock's end.
  @Test func swappedEmailsDisturbNobody() async throws {
    try await Self.run { bench, store in
      var users: [UserID] = []
      for index in 0..<2 { users.append(try await store.create(.sample("u\(index)@example.com"), deadline: nil).id) }
      let ids = users
      let answers = await withTaskGroup(of: [StoreOutcome].self) { group in
        for index in 0..<4 {
          group.addTask(executorPreference: bench.loops.loops[index % 2]) {
            var answers: [StoreOutcome] = []
            for round in 0..<50 {
              let email = "u\((round + index) % 3)@example.com"
              answers.append(
                await outcome {
                  _ = try await store.update(
                    ids[(round + index / 2) % 2], UserChange(email: try EmailAddress(email)), expecting: .any,
                    deadline: Self.deadline(.seconds(30)))
                })
            }
            return answers
          }
        }
        return await group.reduce(into: [StoreOutcome]()) { $0 += $1 }
      }
      // Some find the email taken; none sees a deadlock, a lock or an etag.
      #expect(Set(answers).isSubset(of: [.done, .refused(.alreadyExists(.email))]))
      #expect(answers.contains(.done))
    }
  }

  /// The fourth fault: four connections were all that writes could use.
  @Test func writesUseThePool() async throws {
    try await Self.run { bench, store in
      var users: [UserID] = []
      for index in 0..<40 { users.append(try await store.create(.sample("u\(index)@example.com"), deadline: nil).id) }
      try await bench.execute(
        """
        CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.1); RETURN NEW; END';
        CREATE TRIGGER slow BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION slow();
        """)
      let most = try await withThrowingTaskGroup(of: Void.self) { group in
        for (index, id) in users.enumerated() {
          group.addTask(executorPreference: bench.loops.loops[index % 2]) {
            _ = try await store.update(id, UserChange(name: "x"), expecting: .any, deadline: nil)
          }
        }
        var most: Int64 = 0
        while try await store.find(id: users[39], deadline: nil)?.version == 1 {
          most = max(most, try await Self.running(bench))
        }
        try await group.waitForAll()
        return most
      }
      #expect(most > 4)
    }
  }

  /// Those that meet a lock hold a part of the pool: others' writes go on.
  @Test func writesThatMeetNoLockGoOn() async throws {
    try await Self.run { bench, store in
      var users: [UserID] = []
      for index in 0..<100 { users.append(try await store.create(.sample("u\(index)@example.com"), deadline: nil).id) }
      let ids = users
      try await withThrowingTaskGroup(of: StoreOutcome.self) { group in
        try await Self.locked(bench, "UPDATE users SET labels = labels") {
          for (index, id) in ids.enumerated() {
            group.addTask(executorPreference: bench.loops.loops[index % 2]) {
              await outcome {
                _ = try await store.update(
                  id, UserChange(name: "x"), expecting: .any, deadline: Self.deadline(.seconds(30)))
              }
            }
          }
          for index in 0..<20 {
            let user = try await store.create(.sample("new\(index)@example.com"), deadline: Self.deadline(.seconds(10)))
            _ = try await store.update(
              user.id, UserChange(name: "y"), expecting: .any, deadline: Self.deadline(.seconds(10)))
          }
        }
        for try await answer in group { #expect(answer == .done) }
      }
    }
  }

  /// Writes with deadlines at random moments, while the row is locked now and then: none has an effect after its caller
  /// was told that its time is over, but for what a busy machine delays a process that has begun already.
  @Test func nothingRunsForCallersWhoWereToldThatTheirTimeIsOver() async throws {
    try await Self.run { bench, store in
      let user = try await store.create(.sample("ann@example.com"), deadline: nil)
      // What took effect, and when, by the clock of the machine.
      try await bench.execute(
        """
        CREATE TABLE effects (name text, at timestamptz);
        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN INSERT INTO effects VALUES (NEW.name, clock_timestamp()); RETURN NEW; END';
        CREATE TRIGGER note BEFORE UPDATE ON users FOR EACH ROW WHEN (NEW.name <> OLD.name) EXECUTE FUNCTION note();
        """)
      let clock = Statement("test: clock", "SELECT clock_timestamp()", isReadOnly: true)
      let told = Told()
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          while !told.isOver {
            try await Self.locked(bench, "UPDATE users SET labels = labels") {
              try await Task.sleep(for: .milliseconds(Int.random(in: 10...120)))
            }
            try await Task.sleep(for: .milliseconds(Int.random(in: 5...30)))
          }
        }
        try await withThrowingTaskGroup(of: Void.self) { writers in
          for writer in 0..<20 {
            writers.addTask(executorPreference: bench.loops.loops[writer % 2]) {
              for round in 0..<50 {
                let name = "\(writer)-\(round)"
                let answer = await outcome {
                  _ = try await store.update(
                    user.id, UserChange(name: name), expecting: .any,
                    deadline: Self.deadline(.milliseconds(Int.random(in: 1...200))))
                }
                let now = try await bench.clients[0].query(clock)[0][0].timestamp
                told.note(name, answer, now)
              }
            }
          }
          try await writers.waitForAll()
        }
        told.end()
        try await group.waitForAll()
      }
      var effects: [String: Int64] = [:]
      let rows = try await bench.clients[0].query(
        Statement("test: effects", "SELECT name, at FROM effects", isReadOnly: true))
      for row in rows { effects[try row[0].text] = try row[1].timestamp }
      let answers = told.answers
      #expect(answers.count == 1000 && answers.contains { $0.answer == .done })
      for (name, answer, at) in answers {
        switch answer {
        case .done: #expect(effects[name] != nil, "acknowledged, and not there")
        case .failed(.deadlineExceeded):
          #expect(effects[name].map { $0 <= at + 100_000 } ?? true, "took effect after its deadline")
        default: Issue.record("\(answer)")
        }
      }
    }
  }
}

/// What callers were told, and when.
private final class Told: Sendable {
  typealias Answer = (name: String, answer: StoreOutcome, at: Int64)
  private let state = Mutex<(answers: [Answer], isOver: Bool)>(([], false))

  var answers: [Answer] { state.withLock { $0.answers } }
  var isOver: Bool { state.withLock { $0.isOver } }
  func note(_ name: String, _ answer: StoreOutcome, _ at: Int64) {
    state.withLock { $0.answers.append((name, answer, at)) }
  }
  func end() { state.withLock { $0.isOver = true } }
}
