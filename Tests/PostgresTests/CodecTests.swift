import EventLoop
import Testing

@testable import Postgres

@Suite struct ParameterBufferTests {
  private func encode(_ value: PostgresValue) throws -> [UInt8]? {
    let buffer = ParameterBuffer()
    try buffer.encode([.null, value])
    #expect(buffer.values[0] == nil)
    guard let pointer = buffer.values[1] else { return nil }
    return (0..<Int(buffer.lengths[1])).map { UInt8(bitPattern: pointer[$0]) }
  }

  @Test func binaryForms() throws {
    #expect(try encode(.null) == nil)
    #expect(try encode(.bool(true)) == [1])
    #expect(try encode(.int16(-2)) == [0xFF, 0xFE])
    #expect(try encode(.int32(258)) == [0, 0, 1, 2])
    #expect(try encode(.int64(.min)) == [0x80, 0, 0, 0, 0, 0, 0, 0])
    #expect(try encode(.double(1)) == [0x3F, 0xF0, 0, 0, 0, 0, 0, 0])
    #expect(try encode(.text("é")) == [0xC3, 0xA9, 0])
    #expect(try encode(.bytes([0, 1])) == [0, 1])
    #expect(try encode(.bytes([])) == [])
    #expect(try encode(.uuid(1, 2)) == [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2])
    #expect(try encode(.timestamp(PostgresEpoch.microseconds)) == [0, 0, 0, 0, 0, 0, 0, 0])
    #expect(try encode(.timestamp(.max)) == [0x7F] + Array(repeating: 0xFF, count: 7))
    #expect(try encode(.textArray([])) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25])
    #expect(
      try encode(.textArray(["a"])) == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 97])
  }

  @Test func refusesWhatPostgresCannotStore() throws {
    let buffer = ParameterBuffer()
    for value in [PostgresValue.text("a\0b"), .textArray(["ok", "\0"]), .timestamp(.min + 1)] {
      let error = #expect(throws: PostgresError.self) { try buffer.encode([.null, value]) }
      #expect(error?.code == .invalidParameter)
      #expect(error?.message.contains("$2") == true)
    }
    #expect(throws: PostgresError.self) { try buffer.encode(Array(repeating: .null, count: 65_536)) }
    try buffer.encode(Array(repeating: .bool(true), count: 65_535))
  }

  @Test func growsAndShrinks() throws {
    let buffer = ParameterBuffer()
    try buffer.encode([.bytes(Array(repeating: 7, count: 1_000_000)), .text(String(repeating: "x", count: 100_000))])
    #expect(buffer.lengths[0] == 1_000_000 && buffer.lengths[1] == 100_001)
    try buffer.encode((0..<100).map { .int64($0) })
    #expect(buffer.values[99]?[7] == 99)
  }
}

@Suite struct TextArrayTests {
  private func decode(_ bytes: [UInt8]) -> [String]? { bytes.withUnsafeBytes { TextArrayCodec.decode($0) } }
  private let header: [UInt8] = [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25]

  @Test func wellFormed() {
    #expect(decode([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25]) == [])
    #expect(decode(header + [0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 97, 0, 0, 0, 0]) == ["a", ""])
  }

  @Test(
    arguments: [
      [], [0, 0, 0, 1], [0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 0, 1],
      [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 1],  // a huge count
      [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF],  // a null element
      [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 97],  // cut off
      [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xFF],  // bad UTF-8
      [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 0, 0, 0, 0, 1, 9],  // something behind
    ] as [[UInt8]])
  func malformed(_ bytes: [UInt8]) { #expect(decode(bytes) == nil) }
}

@Suite struct StatementRegistryTests {
  private let statement = Statement("get", "SELECT $1, $2")

  @Test func nullsLearnTheirTypes() throws {
    var registry = StatementRegistry()
    #expect(registry.find(statement, [.null, .int64(1)]) == nil)
    #expect(try registry.add(statement, [.null, .int64(1)]).types == [0, OID.int8])
    #expect(registry.find(statement, [.null, .int64(1)])?.serverName == "get")
    #expect(registry.find(statement, [.null, .null])?.serverName == "get")
    #expect(registry.find(statement, [.uuid(1, 1), .null]) == nil)
    let second = try registry.add(statement, [.uuid(1, 1), .null])
    #expect(second.types == [OID.uuid, OID.int8])
    #expect(second.serverName == "get#1")
    #expect(registry.find(statement, [.null, .null])?.serverName == "get#1")
    #expect(registry.find(statement, [.null]) == nil)
  }

  @Test func sameNameWithOtherTextIsAnotherStatement() throws {
    var registry = StatementRegistry()
    _ = try registry.add(statement, [.null, .null])
    #expect(registry.find(Statement("get", "SELECT $2, $1"), [.null, .null]) == nil)
  }

  @Test func evictedNamesAreNotUsedAgain() throws {
    var registry = StatementRegistry()
    let first = try registry.add(statement, [.null, .null])
    registry.evict(statement, serverName: first.serverName)
    #expect(registry.isEmpty)
    #expect(try registry.add(statement, [.null, .null]).serverName == "get#1")
  }

  @Test func longNamesStayApart() throws {
    var registry = StatementRegistry()
    let long = String(repeating: "é", count: 40)
    let names = try (0..<5).map { try registry.add(Statement("\(long)\($0)", "SELECT 1"), []).serverName }
    #expect(Set(names).count == 5)
    #expect(names.allSatisfy { $0.utf8.count < 64 })
    #expect(registry.find(Statement("\(long)3", "SELECT 1"), [])?.serverName == names[3])
  }

  @Test func changingTypesAreRefusedInTheEnd() throws {
    var registry = StatementRegistry()
    for _ in 0..<StatementRegistry.maximumVariants { _ = try registry.add(statement, [.null, .null]) }
    #expect(throws: PostgresError.self) { try registry.add(statement, [.null, .null]) }
  }
}

@Suite struct ConnectionStringTests {
  @Test func urlWithSeveralHosts() throws {
    let target = try ConnectionString("postgresql://u:secret@a.example:1,[::1]:2,10.0.0.1:3/db?sslmode=require")
    #expect(target.hosts.map(\.label) == ["a.example:1", "::1:2", "10.0.0.1:3"])
    #expect(target.hosts.map(\.needsLookup) == [true, false, false])
    #expect(target.options["user"] == "u" && target.options["dbname"] == "db")
    let parameters = Dictionary(
      uniqueKeysWithValues: target.parameters(for: target.hosts[2], PostgresConfiguration(url: "")))
    #expect(parameters["host"] == "10.0.0.1" && parameters["port"] == "3")
    #expect(parameters["target_session_attrs"] == nil)
    #expect(parameters["options"] == nil)
  }

  @Test func socketsNeedNoLookup() throws {
    let target = try ConnectionString(
      "host=/tmp,localhost port=5433 options='-c search_path=x' target_session_attrs=any")
    #expect(target.hosts.map(\.needsLookup) == [false, true])
    #expect(target.hosts.map(\.port) == ["5433", "5433"])
    let parameters = Dictionary(
      uniqueKeysWithValues: target.parameters(for: target.hosts[0], PostgresConfiguration(url: "")))
    #expect(parameters["target_session_attrs"] == "any")
    #expect(parameters["options"] == "-c search_path=x")
  }

  @Test(arguments: ["postgresql://u:secret@[bad", "nonsense", "service=secret", "host=a,b port=1,2,3"])
  func badStringsAreRefusedWithoutQuotingThem(_ text: String) {
    let error = #expect(throws: PostgresError.self) { try ConnectionString(text) }
    #expect(error?.code == .invalidConfiguration)
    #expect(error?.message.contains("secret") == false)
  }

  @Test func lookupExpandsNames() async throws {
    let resolver = NameResolver()
    let hosts = try await ConnectionString.Host(name: "localhost", address: nil, port: "1").resolved(by: resolver)
    #expect(!hosts.isEmpty && hosts.allSatisfy { $0.address != nil && $0.name == "localhost" && $0.port == "1" })
    let missing = ConnectionString.Host(name: "no-such-host.invalid", address: nil, port: nil)
    let error = await #expect(throws: PostgresError.self) { try await missing.resolved(by: resolver) }
    #expect(error?.message.contains("no-such-host.invalid") == true)
    #expect(error?.isSafeToRetry == true)
  }

  @Test func aFullLookupQueueIsNotAnUnknownHost() async throws {
    let resolver = NameResolver(threads: 1, queueLimit: 0)
    let host = ConnectionString.Host(name: "db.invalid", address: nil, port: nil)
    let error = await #expect(throws: PostgresError.self) { try await host.resolved(by: resolver) }
    #expect(error?.code == .unavailable)
    #expect(error?.message.hasSuffix("db.invalid, was not looked up: too many lookups are waiting.") == true)
  }

  @Test(arguments: [
    (Duration.milliseconds(5), Int32(5)), (.nanoseconds(1), 1), (.seconds(-1), 0), (.seconds(1 << 60), .max),
  ])
  func milliseconds(_ duration: Duration, _ expected: Int32) { #expect(duration.wholeMilliseconds == expected) }
}

@Suite struct MigrationPlanTests {
  private let one = Migration(version: 1, name: "one", sql: "SELECT 1")
  private let two = Migration(version: 2, name: "two", sql: "SELECT 2")
  private func applied(_ migration: Migration, checksum: String? = nil) -> MigrationPlan.Applied {
    MigrationPlan.Applied(
      version: migration.version, name: migration.name, checksum: checksum ?? migration.checksum)
  }

  @Test func missingOnesInOrder() throws {
    #expect(try MigrationPlan.pending([two, one], applied: []).map(\.version) == [1, 2])
    #expect(try MigrationPlan.pending([one, two], applied: [applied(one)]).map(\.version) == [2])
    #expect(try MigrationPlan.pending([one], applied: [applied(one), applied(two)]).isEmpty)
  }

  @Test func changesAndGapsAreRefused() {
    let cases: [([Migration], [MigrationPlan.Applied])] = [
      ([one], [applied(one, checksum: "x")]), ([one, two], [applied(two)]), ([one, one], []),
      ([Migration(version: 0, name: "zero", sql: "")], []),
    ]
    for (migrations, known) in cases {
      let error = #expect(throws: PostgresError.self) { try MigrationPlan.pending(migrations, applied: known) }
      #expect(error?.code == .migrationFailed)
    }
  }

  @Test func laterOnesAreAllowedUnlessTheyNeedMore() throws {
    var later = applied(Migration(version: 7, name: "drop_it", sql: ""))
    later.needs = 2
    #expect(try MigrationPlan.pending([one, two], applied: [applied(one), applied(two), later]).isEmpty)
    #expect(MigrationPlan.later([one, two], applied: [applied(one), applied(two), later]) == 1)
    let error = #expect(throws: PostgresError.self) {
      try MigrationPlan.pending([one], applied: [applied(one), applied(two), later])
    }
    #expect(error?.code == .migrationFailed && error?.message.contains("drop_it") == true)
  }

  @Test func checksumIsStable() {
    #expect(Migration(version: 1, name: "", sql: "").checksum == "cbf29ce484222325")
    #expect(Migration(version: 1, name: "", sql: "a").checksum == "af63dc4c8601ec8c")
  }
}
