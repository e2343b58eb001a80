import EventLoop
import Logging
import TestSupport
import Testing

@testable import Postgres

@Suite struct QueryTests {
  private static let echo = Statement(
    "echo",
    """
    SELECT $1::bool, $2::int2, $3::int4, $4::int8, $5::float8, $6::text, $7::bytea, $8::uuid, $9::timestamptz,
      $10::text[], $11::jsonb, NULL::text
    """, isReadOnly: true)

  @Test func everyTypeGoesThereAndBack() async throws {
    try await Bench.run { bench in
      let rows = try await bench.client.query(
        Self.echo,
        [
          .bool(true), .int16(.min), .int32(.max), .int64(.min), .double(-0.5), .text("äöü 🙂"), .bytes([0, 255]),
          .uuid(0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210), .timestamp(1_700_000_000_123_456),
          .textArray(["a", "", "ü"]), .text(#"{"k": [1, 2]}"#),
        ])
      #expect(rows.count == 1)
      let row = rows[0]
      #expect(try row[0].bool)
      #expect(try row[1].int16 == .min)
      #expect(try row[2].int32 == .max)
      #expect(try row[3].int64 == .min)
      #expect(try row[4].double == -0.5)
      #expect(try row[5].text == "äöü 🙂")
      #expect(try row[6].bytes == [0, 255])
      let uuid = try row[7].uuid
      #expect(uuid == (0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210))
      #expect(try row[8].timestamp == 1_700_000_000_123_456)
      #expect(try row[9].textArray == ["a", "", "ü"])
      #expect(try row[10].text == #"{"k": [1, 2]}"#)
      #expect(row[11].isNull)
      #expect(try row.decode(11, as: String?.self) == nil)
      #expect(try row.decode(3, as: Int?.self) == Int.min)
    }
  }

  @Test func arraysOfUUIDs() async throws {
    try await Bench.run { bench in
      let statement = Statement("uuids", "SELECT $1::uuid[]::text[]", isReadOnly: true)
      for (ids, texts) in [
        ([], []), ([1, .max], ["00000000-0000-0000-0000-000000000001", "ffffffff-ffff-ffff-ffff-ffffffffffff"]),
      ] as [([UInt128], [String])] {
        let rows = try await bench.client.query(statement, [.uuidArray(ids)])
        #expect(try rows[0][0].textArray == texts)
      }
    }
  }

  @Test func emptyAndForeignText() async throws {
    try await Bench.run { bench in
      try bench.admin.run("CREATE TYPE \(bench.name).mood AS ENUM ('glad', 'sad')")
      let rows = try await bench.client.query(
        Statement("texts", "SELECT ''::text, $1::mood, 'abc'::bpchar, 'x'::varchar, '{}'::json, '[]'::jsonb"), ["sad"])
      let texts = try (0..<6).map { try rows[0][$0].text }
      #expect(texts == ["", "sad", "abc", "x", "{}", "[]"])
    }
  }

  @Test func nullsOfEveryType() async throws {
    try await Bench.run { bench in
      let rows = try await bench.client.query(Self.echo, Array(repeating: .null, count: 11))
      #expect((0..<12).allSatisfy { rows[0][$0].isNull })
      // The same statement again with values: prepared once more with their types.
      let again = try await bench.client.query(
        Self.echo, [.bool(false)] + Array(repeating: PostgresValue.null, count: 10))
      #expect(try !again[0][0].bool)
    }
  }

  @Test func wrongReadsAreTypedErrors() async throws {
    try await Bench.run { bench in
      let row = try await bench.client.query(
        Statement("wrong", "SELECT 1::int8 AS number, 'x'::text, NULL::int8, 5000000000::int8, 'infinity'::timestamptz")
      )[0]
      for read in [
        { _ = try row[0].text }, { _ = try row[1].int64 }, { _ = try row[2].int64 }, { _ = try row[3].int32 },
        { _ = try row[0].uuid }, { _ = try row[0].textArray }, { _ = try row[9].int64 }, { _ = try row[-1].text },
        { _ = try row[0].bool }, { _ = try row[0].timestamp }, { _ = try row[0].double },
      ] as [() throws -> Void] {
        let error = #expect(throws: PostgresError.self) { try read() }
        #expect(error?.code == .decodingFailed)
      }
      // A type that is no text, read as text: no half of its bytes.
      let numeric = try await bench.client.query(Statement("numeric", "SELECT 1.5::numeric"))[0]
      #expect(throws: PostgresError.self) { try numeric[0].text }
      #expect(!row[9].isNull)
      #expect(try row[4].timestamp == .max)
    }
  }

  @Test func nulInTextIsRefusedAndNothingElseSuffers() async throws {
    try await Bench.run { bench in
      let statement = Statement("text", "SELECT $1::text", isReadOnly: true)
      let error = try await postgresError { try await bench.client.query(statement, [.text("a\0b")]) }
      #expect(error.code == .invalidParameter)
      #expect(error.statement == "text")
      #expect(try await bench.client.query(statement, [.text("ab")])[0][0].text == "ab")
    }
  }

  @Test func errorsKeepWhatTheServerSaidButNoValues() async throws {
    try await Bench.run { bench in
      try bench.table(
        """
        id int8 PRIMARY KEY, email text CONSTRAINT email_unique UNIQUE,
        age int4 CONSTRAINT adult CHECK (age > 17) NOT NULL
        """
      )
      let insert = Statement("insert", "INSERT INTO t VALUES ($1, $2, $3)")
      let rows = try await bench.client.query(insert, [.int64(1), .text("secret@x"), .int32(20)])
      #expect(rows.affected == 1 && rows.isEmpty)
      #expect(rows.commandTag == "INSERT 0 1")
      let unique = try await postgresError {
        try await bench.client.query(insert, [.int64(2), .text("secret@x"), .int32(20)])
      }
      #expect(unique.code == .uniqueViolation)
      #expect(unique.sqlState == "23505" && unique.severity == "ERROR")
      #expect(unique.constraint == "email_unique" && unique.table == "t" && unique.schema == bench.name)
      // The server has rolled back what it refused.
      #expect(unique.statement == "insert" && unique.isSafeToRetry)
      #expect(unique.detail == "Key (email)=(…)")
      #expect(!"\(unique)".contains("secret"))
      let check = try await postgresError { try await bench.client.query(insert, [.int64(2), .null, .int32(1)]) }
      #expect(check.code == .checkViolation && check.constraint == "adult")
      let null = try await postgresError { try await bench.client.query(insert, [.int64(2), .null, .null]) }
      #expect(null.code == .notNullViolation && null.column == "age")
      let missing = try await postgresError {
        try await bench.client.query(Statement("missing", "SELECT * FROM nowhere"))
      }
      #expect(missing.code == .undefinedObject)
      let syntax = try await postgresError { try await bench.client.query(Statement("syntax", "SELEC 1")) }
      #expect(syntax.code == .syntaxError)
    }
  }

  @Test func deferredConstraintFailsTheWrite() async throws {
    try await Bench.run { bench in
      try bench.table("id int8 CONSTRAINT later UNIQUE DEFERRABLE INITIALLY DEFERRED")
      let insert = Statement("insert", "INSERT INTO t VALUES ($1)")
      _ = try await bench.client.query(insert, [.int64(1)])
      let error = try await postgresError { try await bench.client.query(insert, [.int64(1)]) }
      #expect(error.code == .uniqueViolation && error.constraint == "later")
      _ = try await bench.client.query(insert, [.int64(2)])
      #expect(try bench.admin.run("SELECT count(*) FROM \(bench.name).t")[0][0] == "2")
    }
  }

  @Test func manyAtOnceFromTheLoop() async throws {
    try await Bench.run { bench in
      let client = bench.client
      let statement = Statement("double", "SELECT $1::int8 * 2", isReadOnly: true)
      let sum = try await bench.onLoop {
        try await withThrowingTaskGroup(of: Int64.self) { group in
          for number in 0..<1000 {
            group.addTask { try await client.query(statement, [.int64(Int64(number))])[0][0].int64 }
          }
          return try await group.reduce(0, +)
        }
      }
      #expect(sum == 999_000)
    }
  }

  /// A failing read takes its neighbours of the turn with it on the server; nobody but its own caller sees that.
  @Test func failureOfANeighbourIsNotSeen() async throws {
    try await Bench.run({ $0.sharedConnectionsPerLoop = 1 }) { bench in
      let client = bench.client
      let divide = Statement("divide", "SELECT 100 / $1::int8", isReadOnly: true)
      let results = try await bench.onLoop {
        await withTaskGroup(of: (Int64, Int64?, PostgresError?).self) { group in
          for number in Int64(0)..<40 {
            group.addTask {
              do throws(PostgresError) {
                return (number, try await client.query(divide, [.int64(number % 10)])[0][0].int64, nil)
              } catch {
                return (number, nil, error)
              }
            }
          }
          return await group.reduce(into: []) { $0.append($1) }
        }
      }
      #expect(results.count == 40)
      for (number, value, error) in results {
        if number % 10 == 0 {
          #expect(error?.sqlState == "22012")
        } else {
          #expect(value == 100 / (number % 10))
        }
      }
    }
  }

  /// Writes of one turn are transactions of their own: a failing one undoes no other.
  @Test func writesOfATurnAreIndependent() async throws {
    try await Bench.run({ $0.sharedConnectionsPerLoop = 1 }) { bench in
      try bench.table("id int8 PRIMARY KEY")
      let client = bench.client
      let insert = Statement("insert", "INSERT INTO t VALUES ($1)")
      let count = Statement("count", "SELECT count(*) FROM t", isReadOnly: true)
      let failures = try await bench.onLoop {
        await withTaskGroup(of: Bool.self) { group in
          for number in Int64(0)..<30 {
            group.addTask { (try? await client.query(insert, [.int64(number / 2)])) == nil }
            group.addTask { (try? await client.query(count)) == nil }
          }
          return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
      }
      #expect(failures == 15)
      #expect(
        try bench.admin.run("SELECT count(*), count(DISTINCT xmin::text) FROM \(bench.name).t")[0] == ["15", "15"])
    }
  }

  @Test func callsFromAnyThread() async throws {
    try await Bench.run(loops: 2) { bench in
      let client = bench.client
      let statement = Statement("one", "SELECT $1::int8", isReadOnly: true)
      let loop = bench.loops.loops[1]
      let isOnLoop = try await bench.onLoop(1) {
        _ = try await client.query(statement, [.int64(1)])
        return loop.isCurrent
      }
      #expect(isOnLoop)
      for number in Int64(0)..<10 { #expect(try await client.query(statement, [.int64(number)])[0][0].int64 == number) }
    }
  }

  @Test func slowStatementsAreLoggedByName() async throws {
    try await Bench.run({ $0.slowQueryThreshold = .milliseconds(20) }) { bench in
      _ = try await bench.client.query(
        Statement("dawdle", "SELECT $1::text, pg_sleep(0.1)", isReadOnly: true), [.text("secret")])
      try await bench.until { bench.log.lines.contains { $0.contains("dawdle") } }
      #expect(!bench.log.lines.contains { $0.contains("secret") })
    }
  }

  @Test func noticesGoToTheLogger() async throws {
    try await Bench.run { bench in
      _ = try await bench.client.withConnection { connection in
        try await connection.execute("notice", script: "DO $$ BEGIN RAISE WARNING 'mind the gap'; END $$")
      }
      #expect(bench.log.lines.contains { $0.contains("mind the gap") && $0.hasPrefix("warning") })
    }
  }

  @Test func largeParametersAndResults() async throws {
    try await Bench.run { bench in
      let statement = Statement("large", "SELECT $1::bytea, $2::text", isReadOnly: true)
      let bytes = [UInt8](repeating: 0xAB, count: 8 << 20)
      let text = String(repeating: "x", count: 4 << 20)
      let row = try await bench.client.query(statement, [.bytes(bytes), .text(text)])[0]
      #expect(try row[0].bytes == bytes)
      #expect(try row[1].text == text)
    }
  }

  @Test func refusedBeforeStartAndAfterShutdown() async throws {
    let loops = try EventLoopGroup(count: 1)
    let client = try PostgresClient(
      configuration: PostgresConfiguration(url: try TestDatabase.url()), loops: loops, logger: Logger(label: "test"))
    let statement = Statement("one", "SELECT 1", isReadOnly: true)
    #expect(try await postgresError { try await client.query(statement) }.code == .shutDown)
    await client.shutdown()
    #expect(try await postgresError { try await client.query(statement) }.code == .shutDown)
    loops.shutdown()
  }
}
