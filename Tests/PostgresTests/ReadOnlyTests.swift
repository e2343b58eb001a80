import Testing

@testable import Postgres

/// A database that takes no writes, and a URL that does not ask for one that does.
@Suite struct ReadOnlyTests {
  private static let insert = Statement("insert", "INSERT INTO t VALUES ($1)")
  private static let writerPID = Statement("pid of a write", "SELECT pg_backend_pid()")
  private static let readerPID = Statement("pid of a read", "SELECT pg_backend_pid()", isReadOnly: true)

  @Test func writesAreRefusedAndNoConnectionIsGivenUp() async throws {
    try await Bench.run({
      $0.sharedConnectionsPerLoop = 1
      $0.poolSize = 1
      $0.poolOverflow = 0
    }) { bench in
      try bench.table("id int8")
      let client = bench.client
      let before = try await client.query(Self.writerPID)[0][0].int64
      _ = try await client.query(Statement("no writes", "SET default_transaction_read_only = on"))
      for _ in 0..<3 {
        let error = try await postgresError { try await client.query(Self.insert, [.int64(1)]) }
        // Nothing happened: no outcome is unknown.
        #expect(error.code == .readOnlyServer && error.sqlState == "25006" && error.isSafeToRetry)
      }
      #expect(try await client.query(Self.writerPID)[0][0].int64 == before)
      _ = try await client.query(Statement("writes", "SET default_transaction_read_only = off"))
      _ = try await client.query(Self.insert, [.int64(1)])
    }
  }

  @Test func readsStayOnTheirConnection() async throws {
    try await Bench.run({ $0.sharedConnectionsPerLoop = 1 }) { bench in
      let before = try await bench.client.query(Self.readerPID)[0][0].int64
      _ = try await bench.client.query(
        Statement("no writes", "SET default_transaction_read_only = on", isReadOnly: true))
      // Longer than the upkeep takes to look.
      try await Task.sleep(for: LoopClient.upkeepInterval * 3)
      #expect(try await bench.client.query(Self.readerPID)[0][0].int64 == before)
      #expect(bench.client.isAvailable)
    }
  }
}
