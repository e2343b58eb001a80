import Testing

@testable import Postgres

/// A database that takes no writes, and a URL that does not ask for one that does.
@Suite struct ReadOnlyTests {
  private typealias Server = ReadOnlyServer

  @Test func writesAreRefusedAndNoConnectionIsGivenUp() async throws {
    try await Bench.run({ Server.limit(&$0) }) { bench in
      try bench.table("id int8")
      let client = bench.client
      let before = try await client.query(Server.writerPID)[0][0].int64
      _ = try await client.query(Server.demote)
      for _ in 0..<3 {
        let error = try await postgresError { try await client.query(Server.insert, [.int64(1)]) }
        // Nothing happened: no outcome is unknown.
        #expect(error.code == .readOnlyServer && error.sqlState == "25006" && error.isSafeToRetry)
      }
      #expect(try await client.query(Server.writerPID)[0][0].int64 == before)
      _ = try await client.query(Server.promote)
      _ = try await client.query(Server.insert, [.int64(1)])
    }
  }

  @Test func readsStayOnTheirConnection() async throws {
    try await Bench.run({ Server.limit(&$0) }) { bench in
      let before = try await bench.client.query(Server.readerPID)[0][0].int64
      _ = try await bench.client.query(Server.demoteShared)
      // Longer than the upkeep takes to look.
      try await Task.sleep(for: LoopClient.upkeepInterval * 3)
      #expect(try await bench.client.query(Server.readerPID)[0][0].int64 == before)
      #expect(bench.client.isAvailable)
    }
  }
}
