import EventLoop
import Primitives
import Testing

@testable import Postgres

/// Writes on a real server: what the server is told, and what becomes of attempts that fail.
@Suite struct WriteTests {
  private static let touch = Statement("touch", "UPDATE t SET n = n + 1 WHERE id = $1 RETURNING n")
  private static let insert = GroupedWrite(
    "insert_group",
    """
    WITH input AS (SELECT * FROM unnest($1::text[]) WITH ORDINALITY AS i (name, position)),
      inserted AS (INSERT INTO named SELECT name FROM input ON CONFLICT DO NOTHING RETURNING name, xmin::text)
    SELECT name, xmin, position FROM inserted JOIN input USING (name)
    """)

  private static func deadline(_ time: Duration) -> UInt64 {
    MonotonicClock.nanoseconds.saturatingAdd(time.clampedNanoseconds)
  }

  /// How many of the test's statements wait for a lock.
  private static func waiting(_ bench: Bench) -> String {
    "SELECT count(*) FROM pg_stat_activity WHERE application_name = '\(bench.name)' AND wait_event_type = 'Lock'"
  }

  @Test func limitsHoldForTheWriteAndNoLonger() async throws {
    try await Bench.run({
      $0.poolSize = 4
      $0.poolOverflow = 0
    }) { bench in
      let settings = Statement(
        "settings",
        """
        SELECT current_setting('lock_timeout'), current_setting('statement_timeout'), current_setting('enable_seqscan')
        """)
      let inWrite = try await bench.client.query(settings, deadline: Self.deadline(.seconds(10)))
      #expect(try inWrite[0][0].text == "100ms" && inWrite[0][2].text == "off")
      #expect(try inWrite[0][1].text.hasSuffix("ms"))
      let after = try await bench.client.withTransaction { try await $0.query(settings) }
      #expect(try after[0][0].text == "0" && after[0][1].text == "30s" && after[0][2].text == "on")
    }
  }

  /// The server ends it, and the connection serves the next one.
  @Test func theServerGivesUpBeforeTheCallerDoes() async throws {
    try await Bench.run({
      $0.poolSize = 1
      $0.poolOverflow = 0
    }) { bench in
      let pid = Statement("pid of a write", "SELECT pg_backend_pid()")
      let before = try await bench.client.query(pid)[0][0].int64
      let error = try await postgresError {
        try await bench.client.query(
          Statement("sleep", "SELECT pg_sleep(30)"), deadline: Self.deadline(.milliseconds(300)))
      }
      #expect(error.code == .queryCancelled || error.code == .deadlineExceeded)
      #expect(error.code != .queryCancelled || error.isSafeToRetry)
      #expect(try await bench.client.query(pid)[0][0].int64 == before)
    }
  }

  /// Two processes lock two rows crosswise: Postgres ends one of them, which is tried again, and nobody hears of it.
  @Test func deadlocksAreTriedAgain() async throws {
    try await Bench.run({ $0.firstLockTimeout = .seconds(5) }) { bench in
      try bench.table("id int8 PRIMARY KEY, n int8 NOT NULL")
      try bench.admin.run("INSERT INTO \(bench.name).t VALUES (1, 0), (2, 0)")
      // One statement that locks one row, waits, and locks the other.
      try bench.admin.run(
        """
        CREATE FUNCTION \(bench.name).crosswise(a int8, b int8) RETURNS int8 LANGUAGE plpgsql AS $$
        BEGIN
          UPDATE \(bench.name).t SET n = n + 1 WHERE id = a;
          PERFORM pg_sleep(0.2);
          UPDATE \(bench.name).t SET n = n + 1 WHERE id = b;
          RETURN 1;
        END $$
        """)
      let crosswise = Statement("crosswise", "SELECT crosswise($1, $2)")
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (a, b) in [(1, 2), (2, 1)] as [(Int64, Int64)] {
          group.addTask {
            _ = try await bench.client.query(
              crosswise, [.int64(a), .int64(b)], deadline: Self.deadline(.seconds(30)))
          }
        }
        try await group.waitForAll()
      }
      #expect(try bench.admin.run("SELECT n FROM \(bench.name).t ORDER BY id") == [["2"], ["2"]])
    }
  }

  /// Sessions that are serializable: conflicts are tried again until all are through, each on what the others left.
  @Test func serializationFailuresAreTriedAgain() async throws {
    try await Bench.run({ $0.url += " options='-c default_transaction_isolation=serializable'" }) { bench in
      try bench.table("id int8 PRIMARY KEY, n int8 NOT NULL")
      try bench.admin.run("INSERT INTO \(bench.name).t VALUES (1, 0)")
      let add = Statement("add", "UPDATE \(bench.name).t SET n = (SELECT sum(n) FROM \(bench.name).t) + 1 RETURNING n")
      let results = try await withThrowingTaskGroup(of: Int64.self) { group in
        for _ in 0..<6 {
          group.addTask { try await bench.client.query(add, deadline: Self.deadline(.seconds(30)))[0][0].int64 }
        }
        return try await group.reduce(into: []) { $0.append($1) }
      }
      #expect(results.sorted() == Array(1...6))
    }
  }

  @Test func staleStatementsArePreparedAgain() async throws {
    try await Bench.run({
      $0.poolSize = 1
      $0.poolOverflow = 0
    }) { bench in
      try bench.table("id int8 PRIMARY KEY, n int8 NOT NULL")
      try bench.admin.run("INSERT INTO \(bench.name).t VALUES (1, 0)")
      let all = Statement("all", "UPDATE t SET n = n + 1 WHERE id = $1 RETURNING *")
      _ = try await bench.client.query(all, [.int64(1)])
      try bench.admin.run("ALTER TABLE \(bench.name).t ADD COLUMN more text")
      #expect(try await bench.client.query(all, [.int64(1)])[0].count == 3)
      // Everything that the session had prepared is gone, the statement of the limits too.
      _ = try await bench.client.query(Statement("forget", "DISCARD PLANS"))
      _ = try await bench.client.query(Statement("forget all", "DEALLOCATE ALL"))
      _ = try await bench.client.query(all, [.int64(1)])
      #expect(try bench.admin.run("SELECT n FROM \(bench.name).t") == [["3"]])
    }
  }

  @Test func rowsOfATurnShareATransaction() async throws {
    try await Bench.run { bench in
      try bench.table("name text PRIMARY KEY", "named")
      let transactions = try await bench.onLoop {
        try await withThrowingTaskGroup(of: String.self) { group in
          for index in 0..<100 {
            group.addTask {
              let row = try await bench.client.write(Self.insert, row: [.text("n\(index)")])
              #expect(try row[0].text == "n\(index)")
              return try row[1].text
            }
          }
          return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
      }
      #expect(transactions.count < 20)
      #expect(try bench.admin.run("SELECT count(*) FROM \(bench.name).named") == [["100"]])
    }
  }

  /// While every ordinary place waits for a lock, what is reserved gets through.
  @Test func reservedWritesGetThrough() async throws {
    try await Bench.run({
      $0.poolSize = 20
      $0.poolOverflow = 0
      $0.firstLockTimeout = .seconds(20)
      $0.crowdedLockTimeout = .seconds(20)
    }) { bench in
      try bench.table("id int8 PRIMARY KEY, n int8 NOT NULL")
      try bench.admin.run("INSERT INTO \(bench.name).t SELECT n, 0 FROM generate_series(1, 40) AS n")
      try bench.admin.run("BEGIN; UPDATE \(bench.name).t SET n = 0 WHERE id <> 40")
      try await withThrowingTaskGroup(of: Void.self) { group in
        for id in 1...39 as ClosedRange<Int64> {
          group.addTask {
            _ = try await bench.client.query(Self.touch, [.int64(id)], deadline: Self.deadline(.seconds(60)))
          }
        }
        // Eighteen of twenty wait in the server, the rest in the process.
        try await bench.until { try Admin().run(Self.waiting(bench)) == [["18"]] }
        let rows = try await bench.client.write(Self.touch, [.int64(40)], priority: .reserved)
        #expect(try rows[0][0].int64 == 1)
        try bench.admin.run("COMMIT")
        try await group.waitForAll()
      }
      #expect(try bench.admin.run("SELECT sum(n) FROM \(bench.name).t") == [["40"]])
    }
  }

  /// A caller who leaves while his write waits for a lock: the server stops waiting too.
  @Test func cancelledWritesAreCancelledInTheServer() async throws {
    try await Bench.run({ $0.firstLockTimeout = .seconds(20) }) { bench in
      try bench.table("id int8 PRIMARY KEY, n int8 NOT NULL")
      try bench.admin.run("INSERT INTO \(bench.name).t VALUES (1, 0)")
      try bench.admin.run("BEGIN; UPDATE \(bench.name).t SET n = 0")
      let write = Task { try await bench.client.query(Self.touch, [.int64(1)], deadline: Self.deadline(.seconds(60))) }
      try await bench.until { try Admin().run(Self.waiting(bench)) == [["1"]] }
      write.cancel()
      let error = try await postgresError { try await write.value }
      #expect(error.code == .cancelled && !error.isSafeToRetry)
      try await bench.until { try Admin().run(Self.waiting(bench)) == [["0"]] }
      try bench.admin.run("ROLLBACK")
      #expect(try await bench.client.query(Self.touch, [.int64(1)])[0][0].int64 == 1)
    }
  }
}
