import Testing

@testable import Postgres

@Suite struct ConnectFailureTests {
  /// What libpq 15 says with PQERRORS_VERBOSE, and what it means for the next attempt.
  @Test(arguments: [
    (
      "connection to server at \"127.0.0.1\", port 5 failed: FATAL:  28P01: password authentication failed for user \"a\"\n"
        + "LOCATION:  auth_failed, auth.c:334\n",
      PostgresError.Code.invalidAuthorization, "28P01" as String?
    ),
    (
      // In another language.
      "connection to server at \"::1\", port 5 failed: FATALERO:  3D000: il database \"x\" non esiste\n",
      .databaseNotFound, "3D000"
    ),
    (
      "connection to server at \"h\" failed: FATAL:  57P03: the database system is starting up\n", .unavailable, "57P03"
    ),
    ("connection to server at \"h\" failed: FATAL:  53300: sorry, too many clients already\n", .unavailable, "53300"),
    (
      // First by TLS, then without: what came last counts.
      "connection to server at \"h\" failed: FATAL:  28000: no pg_hba.conf entry for host\n"
        + "connection to server at \"h\" failed: Connection refused\n\tIs the server running?\n",
      .unavailable, nil
    ),
    ("connection to server at \"h\" failed: fe_sendauth: no password supplied\n", .invalidAuthorization, nil),
    ("connection to server at \"h\" failed: SSL error: certificate verify failed\n", .tlsFailed, nil),
    ("connection to server at \"h\" failed: server does not support SSL, but SSL was required\n", .tlsFailed, nil),
    ("connection to server at \"h\" failed: session is read-only\n", .readOnlyServer, nil),
    // PgBouncer.
    ("connection to server at \"h\" failed: FATAL:  08P01: no such database: x\n", .databaseNotFound, "08P01"),
    ("connection to server at \"h\" failed: FATAL:  08P01: server login failed\n", .unavailable, "08P01"),
    ("", .unavailable, nil),
  ])
  func message(text: String, code: PostgresError.Code, state: String?) {
    let error = ConnectFailure.error(text, at: "h:5")
    #expect(error.code == code && error.sqlState == state && error.isSafeToRetry)
    #expect(
      error.message.hasPrefix("Could not connect to the database at h:5: ") && !error.message.contains("LOCATION"))
    #expect(error.isLasting == [.invalidAuthorization, .databaseNotFound, .tlsFailed].contains(code))
  }

  @Test func onlyWhatTheServerSaidIsRepeated() {
    let text =
      "connection to server at \"h\" failed: FATAL:  3D000: database \"x\" does not exist\nLOCATION:  a, b.c:1\n"
    #expect(ConnectFailure.parse(text).reason == "database \"x\" does not exist")
  }

  @Test func whatMayPassIsToldRatherThanARefusalAndARefusalRatherThanSilence() {
    let starting = ConnectFailure.error("FATAL:  57P03: starting up", at: "a")
    let refused = ConnectFailure.error("FATAL:  28P01: wrong", at: "b")
    let silent = ConnectFailure.error("Connection refused", at: "c")
    #expect(ConnectFailure.weight(starting) > ConnectFailure.weight(refused))
    #expect(ConnectFailure.weight(refused) > ConnectFailure.weight(silent))
  }

  @Test func theServersWordsReachWhoAsks() async throws {
    try await Bench.run(waitsUntilAvailable: false, { $0.url += " dbname=no_such_database" }) { bench in
      try await bench.until { bench.client.connectFailure != nil }
      let failure = try #require(bench.client.connectFailure)
      #expect(failure.code == .databaseNotFound && failure.sqlState == "3D000" && failure.isLasting)
      #expect(failure.message.contains("\"no_such_database\" does not exist"))
    }
  }

  @Test func anUnknownNameIsNamed() async throws {
    let url = "host=no-such-host.invalid user=a dbname=b"
    try await Bench.run(waitsUntilAvailable: false, { $0.url = url }) { bench in
      try await bench.until { bench.client.connectFailure != nil }
      let failure = try #require(bench.client.connectFailure)
      #expect(failure.message.contains("no-such-host.invalid, cannot be resolved") && !failure.isLasting)
    }
  }

  @Test func aRefusedSettingIsSaid() async throws {
    try await Bench.run(waitsUntilAvailable: false, { $0.url += " options='-c no_such_setting=1'" }) { bench in
      try await bench.until { bench.client.connectFailure != nil }
      #expect(bench.client.connectFailure?.message.contains("no_such_setting") == true)
    }
  }
}
