import EventLoop
import TestSupport
import Testing

@testable import Postgres

@Suite struct TransactionTests {
  private static let insert = Statement("insert", "INSERT INTO t VALUES ($1)")
  private static let count = Statement("count", "SELECT count(*) FROM t", isReadOnly: true)

  @Test func commitsAndRollsBack() async throws {
    try await Bench.run { bench in
      try bench.table("id int8 PRIMARY KEY")
      let client = bench.client
      let value = try await client.withTransaction { transaction in
        try await transaction.query(Self.insert, [.int64(1)])
        #expect(try await client.query(Self.count)[0][0].int64 == 0)
        return try await transaction.query(Self.count)[0][0].int64
      }
      #expect(value == 1)
      await #expect(throws: TestFailure.self) {
        try await client.withTransaction { transaction in
          try await transaction.query(Self.insert, [.int64(2)])
          throw TestFailure("no")
        }
      }
      #expect(try await client.query(Self.count)[0][0].int64 == 1)
      // The connection of the one that was rolled back serves again.
      try await client.withTransaction { _ = try await $0.query(Self.insert, [.int64(3)]) }
      #expect(try await client.query(Self.count)[0][0].int64 == 2)
    }
  }

  @Test func swallowedErrorDoesNotCommit() async throws {
    try await Bench.run { bench in
      try bench.table("id int8 PRIMARY KEY")
      let error = try await postgresError {
        try await bench.client.withTransaction { transaction in
          try await transaction.query(Self.insert, [.int64(1)])
          _ = try? await transaction.query(Self.insert, [.int64(1)])
          let next = try await postgresError { try await transaction.query(Self.count) }
          #expect(next.code == .transactionAborted)
        }
      }
      #expect(error.code == .transactionRolledBack)
      #expect(try await bench.client.query(Self.count)[0][0].int64 == 0)
    }
  }

  @Test func isolationLevels() async throws {
    try await Bench.run { bench in
      let show = Statement("show", "SHOW transaction_isolation", isReadOnly: true)
      for (level, name) in [
        (TransactionIsolation.readCommitted, "read committed"), (.repeatableRead, "repeatable read"),
        (.serializable, "serializable"),
      ] {
        let found = try await bench.client.withTransaction(isolation: level) { try await $0.query(show)[0][0].text }
        #expect(found == name)
      }
    }
  }

  @Test func readOnlyTransactionRefusesWrites() async throws {
    try await Bench.run { bench in
      try bench.table("id int8")
      let error = try await postgresError {
        try await bench.client.withTransaction(isReadOnly: true) { _ = try await $0.query(Self.insert, [.int64(1)]) }
      }
      #expect(error.code == .readOnlyServer)
      #expect(
        try await bench.client.withTransaction(isReadOnly: true) { try await $0.query(Self.count)[0][0].int64 } == 0)
    }
  }

  @Test func serializationFailureIsToldApart() async throws {
    try await Bench.run { bench in
      try bench.table("id int8")
      try bench.admin.run("INSERT INTO \(bench.name).t VALUES (1)")
      let update = Statement("update", "UPDATE t SET id = id + 1")
      let error = try await postgresError {
        try await bench.client.withTransaction(isolation: .repeatableRead) { transaction in
          try await transaction.query(Self.count)
          try bench.admin.run("UPDATE \(bench.name).t SET id = 5")
          try await transaction.query(update)
        }
      }
      #expect(error.code == .serializationFailure)
    }
  }

  @Test func manyTransactionsShareFewConnections() async throws {
    try await Bench.run({
      $0.poolSize = 3
      $0.poolOverflow = 2
    }) { bench in
      try bench.table("id int8 PRIMARY KEY")
      let client = bench.client
      try await bench.onLoop {
        try await withThrowingTaskGroup(of: Void.self) { group in
          for number in Int64(0)..<60 {
            group.addTask { try await client.withTransaction { _ = try await $0.query(Self.insert, [.int64(number)]) } }
          }
          try await group.waitForAll()
        }
      }
      #expect(try await client.query(Self.count)[0][0].int64 == 60)
      // Two shared ones, and no more idle ones than the pool's size.
      try await bench.until { try bench.admin.connections(bench.name) <= 5 }
    }
  }

  @Test func sessionOfALeaseIsClosed() async throws {
    try await Bench.run { bench in
      let pid = Statement("pid", "SELECT pg_backend_pid()::int8")
      let first = try await bench.client.withConnection { connection in
        try await connection.execute("lock", script: "SELECT pg_advisory_lock(42424242); SET work_mem = '1MB'")
        return try await connection.query(pid)[0][0].int64
      }
      try await bench.until { try bench.admin.run("SELECT 1 FROM pg_stat_activity WHERE pid = \(first)").isEmpty }
      #expect(try bench.admin.run("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 42424242").isEmpty)
    }
  }

  @Test func fromOutsideTheLoops() async throws {
    try await Bench.run(loops: 2) { bench in
      try bench.table("id int8")
      for number in Int64(0)..<8 {
        try await bench.client.withTransaction { transaction in
          #expect(EventLoop.current == nil)
          _ = try await transaction.query(Self.insert, [.int64(number)])
        }
      }
      #expect(try await bench.client.query(Self.count)[0][0].int64 == 8)
    }
  }

  @Test func copyOutIsAnErrorAndNotAHang() async throws {
    try await Bench.run { bench in
      try bench.table("id int8")
      let error = try await postgresError {
        try await bench.client.withConnection { try await $0.execute("copy", script: "COPY t TO STDOUT") }
      }
      #expect(error.code == .protocolViolation)
      let shared = try await postgresError { try await bench.client.query(Statement("copy", "COPY t TO STDOUT")) }
      #expect(shared.code == .protocolViolation)
      #expect(try await bench.client.query(Self.count)[0][0].int64 == 0)
    }
  }

  @Test func poolSharesAddUp() {
    var configuration = PostgresConfiguration(url: "")
    configuration.poolSize = 20
    configuration.poolOverflow = 30
    for count in 1...16 {
      let limits = (0..<count).map { PostgresClient.limits(configuration, index: $0, of: count) }
      #expect(limits.reduce(0) { $0 + $1.size } == 20)
      #expect(limits.reduce(0) { $0 + $1.overflow } == 30)
    }
    configuration.poolSize = 1
    #expect(PostgresClient.limits(configuration, index: 3, of: 4).size == 1)
  }
}
