import EventLoop
import Primitives
import Testing

@testable import Postgres

/// Lookups of a turn travel as one statement; nobody who asks can tell.
@Suite struct LookupTests {
  private static let byID = Lookup("find", "SELECT id, number FROM t", by: "id")
  private static let slowly = Lookup("find_slowly", "SELECT id, number, pg_sleep(0.05) FROM t", by: "id")

  private static func run(
    loops: Int = 1, through proxy: FaultyProxy? = nil, _ body: @Sendable (Bench) async throws -> Void
  ) async throws {
    try await Bench.run(loops: loops, through: proxy) { bench in
      try bench.table("id uuid PRIMARY KEY, number int8")
      try bench.admin.run(
        """
        INSERT INTO \(bench.name).t
        SELECT ('ffffffff-ffff-ffff-0000-' || lpad(to_hex(n), 12, '0'))::uuid, n FROM generate_series(0, 999) n
        """)
      try await body(bench)
    }
  }

  private static func id(_ number: Int) -> (high: UInt64, low: UInt64) { (.max, UInt64(number)) }

  /// Asks for all of them in one turn of the first loop.
  private static func find(
    _ numbers: [Int], by lookup: Lookup = byID, on bench: Bench,
    deadline: @escaping @Sendable (Int) -> UInt64? = { _ in nil }
  ) async throws -> [Result<Int64?, PostgresError>] {
    try await bench.onLoop {
      await withTaskGroup(of: (Int, Result<Int64?, PostgresError>).self) { group in
        for (index, number) in numbers.enumerated() {
          group.addTask {
            do throws(PostgresError) {
              let row = try await bench.client.find(lookup, id(number), deadline: deadline(number))
              return (index, .success(try row?[1].int64))
            } catch {
              return (index, .failure(error))
            }
          }
        }
        var answers = [Result<Int64?, PostgresError>](repeating: .success(nil), count: numbers.count)
        for await (index, answer) in group { answers[index] = answer }
        return answers
      }
    }
  }

  /// The statements that a connection of the client has prepared, and how often each was run by a plan for any values.
  private static func plans(_ bench: Bench) async throws -> [String: Int64] {
    let rows = try await bench.onLoop {
      try await bench.client.query(
        Statement("plans", "SELECT name, generic_plans FROM pg_prepared_statements", isReadOnly: true))
    }
    return Dictionary(uniqueKeysWithValues: try rows.map { (try $0[0].text, try $0[1].int64) })
  }

  @Test func eachGetsItsRow() async throws {
    try await Self.run { bench in
      // More than one statement takes, some twice, some that are not there.
      let numbers = (0..<400).map { $0 * 7 % 1200 } + [3, 3, 3]
      let answers = try await Self.find(numbers, on: bench).map { try $0.get() }
      #expect(answers == numbers.map { $0 < 1000 ? Int64($0) : nil })
    }
  }

  @Test func aLoneOneIsAPlainStatement() async throws {
    try await Bench.run({ $0.sharedConnectionsPerLoop = 1 }) { bench in
      try bench.table("id uuid PRIMARY KEY, number int8")
      _ = try await Self.find([1], on: bench)
      #expect(try await Self.plans(bench).keys.sorted() == ["find", "plans"])
    }
  }

  @Test func severalShareAStatementThatIsPlannedOnce() async throws {
    try await Bench.run({ $0.sharedConnectionsPerLoop = 1 }) { bench in
      try bench.table("id uuid PRIMARY KEY, number int8")
      try bench.admin.run(
        "INSERT INTO \(bench.name).t SELECT gen_random_uuid(), n FROM generate_series(0, 20000) n; ANALYZE \(bench.name).t"
      )
      // Postgres plans the first five for their values.
      for _ in 0..<8 { _ = try await Self.find([1, 2], on: bench) }
      let plans = try await Self.plans(bench)
      #expect(plans["find_many"] == 3 && plans["find"] == nil)
    }
  }

  @Test func cancellationAndDeadlinesAreEachOnesOwn() async throws {
    try await Self.run { bench in
      let answers = try await Self.find([1, 2, 3], by: Self.slowly, on: bench) { number in
        number == 2 ? MonotonicClock.nanoseconds + 1_000_000 : nil
      }
      #expect(try answers[0].get() == 1)
      #expect(throws: PostgresError.self) { try answers[1].get() }
      #expect(try answers[2].get() == 3)

      let other = Task { try await Self.find([4], by: Self.slowly, on: bench) }
      let cancelled = try await bench.onLoop {
        async let first = bench.client.find(Self.slowly, Self.id(1))
        let second = Task { try await bench.client.find(Self.slowly, Self.id(2)) }
        second.cancel()
        let error = try await postgresError { try await second.value }
        #expect(try await first?[1].int64 == 1)
        return error
      }
      #expect(cancelled.code == .cancelled)
      #expect(try await other.value[0].get() == 4)
    }
  }

  @Test func aFailureIsEverybodys() async throws {
    try await Bench.run { bench in
      for answer in try await Self.find([1, 2, 3], on: bench) {
        let error = try await postgresError { try answer.get() }
        #expect(error.sqlState == "42P01" && error.isSafeToRetry)
      }
      // A column that is no uuid where the key should be.
      try bench.table("id uuid PRIMARY KEY, number int8")
      try bench.admin.run("INSERT INTO \(bench.name).t VALUES ('ffffffff-ffff-ffff-0000-000000000001', 1)")
      let wrong = Lookup("wrong", "SELECT number, id FROM t", by: "id")
      for answer in try await Self.find([1, 2, 3], by: wrong, on: bench) {
        #expect(try await postgresError { try answer.get() }.code == .decodingFailed)
      }
    }
  }

  @Test func lostConnectionsAreNotSeen() async throws {
    let proxy = try FaultyProxy()
    defer { proxy.close() }
    try await Self.run(through: proxy) { bench in
      for mode in [FaultyProxy.Mode.cutBeforeSending, .cutAfterSending] {
        _ = try await Self.find([1, 2, 3], on: bench)
        proxy.mode = mode
        let answers = try await Self.find([4, 5, 6], on: bench).map { try $0.get() }
        #expect(answers == [4, 5, 6])
      }
    }
  }

  @Test func shutdownAnswersAll() async throws {
    try await Self.run { bench in
      let stuck = Lookup("stuck", "SELECT id, number, pg_sleep(60) FROM t", by: "id")
      let answers = Task { try await Self.find([1, 2, 3], by: stuck, on: bench) }
      try await bench.until("the statement runs") {
        try bench.admin.run(
          "SELECT 1 FROM pg_stat_activity WHERE application_name = '\(bench.name)' AND wait_event = 'PgSleep'"
        ).count == 1
      }
      await bench.client.shutdown()
      for answer in try await answers.value {
        #expect(try await postgresError { try answer.get() }.code == .shutDown)
      }
    }
  }

  // MARK: Putting together

  private static func pending(_ lookup: Lookup, _ key: UInt128) -> PendingQuery {
    PendingQuery(lookup, key, deadline: .max)
  }

  @Test func onlyTheSameStatementIsJoined() {
    let other = Lookup("other", "SELECT id FROM u", by: "id")
    let plain = PendingQuery(Statement("plain", "SELECT 1", isReadOnly: true), [], deadline: .max)
    let joined = Lookup.join([
      Self.pending(Self.byID, 1), plain, Self.pending(other, 2), Self.pending(Self.byID, 3),
    ])
    #expect(joined.map(\.statement.name) == ["plain", "find_many", "other"])
    #expect(joined[1].lookups.map(\.key) == [1, 3])
    #expect(joined[1].parameters == [.uuidArray([1, 3] + Array(repeating: 1, count: 14))])
    #expect(joined[2].parameters == [.uuid(0, 2)])
  }

  @Test func noStatementTakesMoreThanItsLimit() {
    let joined = Lookup.join((0..<257).map { Self.pending(Self.byID, $0) })
    #expect(joined.map(\.lookups.count) == [128, 128, 0])
    #expect(joined.last?.statement.name == "find")
  }

  @Test func whatIsAnsweredIsNotSent() {
    let (first, second) = (Self.pending(Self.byID, 1), Self.pending(Self.byID, 2))
    first.cancel()
    #expect(Lookup.join([first, second]).map(\.statement.name) == ["find"])
    #expect(Lookup.join([first]).isEmpty)
  }
}
