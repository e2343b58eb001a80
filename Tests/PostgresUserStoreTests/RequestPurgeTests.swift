import TestSupport
import Testing
import UserService
import UserStoreContract

@testable import Postgres
@testable import PostgresUserStore

@Suite struct RequestPurgeTests {
  @Test func forgetsWhatIsOldABatchATurn() async throws {
    try await PostgresBench.run { bench in
      try await bench.execute(
        """
        INSERT INTO creation_requests
        SELECT gen_random_uuid(), gen_random_uuid(), '', now() - n * interval '1 hour' FROM generate_series(0, 1030) n;
        INSERT INTO imports SELECT gen_random_uuid(), 0, 0, 0, now(), now() - n * interval '1 day'
        FROM generate_series(0, 40) n
        """)
      let purge = RequestPurge(client: bench.clients[0])
      var turns = 0
      while try await purge.turn() < .seconds(1) { turns += 1 }
      #expect(turns == 2)
      // Those of the last day, and a few more; those of the last month.
      #expect(try await bench.count("creation_requests") == 25)
      #expect(try await bench.count("imports") == 30)
    }
  }

  /// One that was made a day ago is still known.
  @Test func aRequestIsKnownForADay() async throws {
    try await PostgresBench.run { bench in
      let store = PostgresUserStore(client: bench.clients[0])
      let request = CreationRequest(id: .random(), fingerprint: [1])
      let user = try await store.create(.sample("ann@example.com"), once: request, deadline: nil)
      try await bench.execute("UPDATE creation_requests SET create_time = now() - interval '24 hours'")
      _ = try await RequestPurge(client: bench.clients[0]).turn()
      #expect(try await store.create(.sample("ann@example.com"), once: request, deadline: nil) == user)
    }
  }
}

extension PostgresBench {
  fileprivate func count(_ table: String) async throws -> Int64 {
    try await clients[0].query(Statement("count_\(table)", "SELECT count(*) FROM \(table)", isReadOnly: true))[0][0]
      .int64
  }
}
