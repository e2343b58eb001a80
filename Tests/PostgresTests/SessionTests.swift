import EventLoop
import Testing

@testable import Postgres

/// The settings of sessions on both kinds of connections, and whether a pooler shares them.
@Suite struct SessionTests {
  private static let settings = Statement(
    "session settings",
    """
    SELECT current_setting('statement_timeout'), current_setting('lock_timeout'),
      current_setting('client_connection_check_interval'), current_setting('search_path')
    """, isReadOnly: true)

  private func settings(_ adjust: (inout PostgresConfiguration) -> Void) async throws -> (
    read: [String], leased: [String]
  ) {
    try await Bench.run(adjust) { bench in
      let read = try await bench.client.query(Self.settings)
      let leased = try await bench.client.withTransaction { try await $0.query(Self.settings) }
      func texts(_ rows: PostgresRows) throws -> [String] {
        try (0..<4).map { try rows[0][$0].text.replacing(bench.name, with: "own") }
      }
      return (try texts(read), try texts(leased))
    }
  }

  @Test func settingsHoldOnBothKinds() async throws {
    let found = try await settings { $0.statementTimeout = .milliseconds(12_500) }
    #expect(found.read == ["12500ms", "200ms", "2s", "own"])
    #expect(found.leased == ["12500ms", "0", "2s", "own"])
  }

  @Test func theURLsOptionsWin() async throws {
    let found = try await settings {
      $0.url = $0.url.replacing(
        "options='", with: "options='-c lock_timeout=3s --statement-timeout=7s -c client_connection_check_interval=0 ")
    }
    #expect(found.read == ["7s", "3s", "0", "own"])
    #expect(found.leased == found.read)
  }

  @Test func theCheckMayBeLeftOut() async throws {
    let found = try await settings { $0.connectionCheckInterval = .zero }
    #expect(found.read == ["30s", "200ms", "0", "own"])
  }

  /// The server answers the first statement with an error, as one does that doesn't know a setting.
  @Test func aServerThatRefusesTheSettingsIsNotUsed() async throws {
    try await Bench.run({ $0.url = $0.url.replacing($0.applicationName, with: "\($0.applicationName),pg_catalog") }) {
      bench in
      try bench.admin.run(
        """
        CREATE FUNCTION \(bench.name).pg_backend_pid() RETURNS int LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION 'not today'; END $$
        """)
      try bench.admin.terminate(bench.name)
      try await bench.until("no new connection counts") { !bench.client.isAvailable }
      // On a busy machine the circuit breaker opens before the first attempt has failed.
      try await bench.until("callers learn the reason") {
        let error = try await postgresError { try await bench.client.query(Self.settings) }
        return error.code == .unavailable && error.message.contains("not today")
      }
      try bench.admin.run("DROP FUNCTION \(bench.name).pg_backend_pid()")
      try await bench.until("new ones count again") { bench.client.isAvailable }
    }
  }

  @Test func noPoolerIsSeenWhereThereIsNone() async throws {
    try await Bench.run(loops: 2) { bench in
      let sharesSessions = try await bench.client.sharesSessions()
      #expect(!sharesSessions)
      // The questions that would be asked behind a pooler don't mistake Postgres for one, either.
      let client = bench.client.clients[0]
      for _ in 0..<20 {
        let isShared = try await Task(executorPreference: client.loop) { try await SessionProbe.run(on: client) }.value
        #expect(!isShared)
      }
    }
  }
}
