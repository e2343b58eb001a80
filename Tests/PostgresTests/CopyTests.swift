import EventLoop
import TestSupport
import Testing

@testable import Postgres

@Suite struct CopyTests {
  private static let count = Statement("count", "SELECT count(*) FROM t", isReadOnly: true)

  @Test func theFormatIsTheDocumentedOne() throws {
    var rows = CopyRows()
    try rows.append([.int16(1), .null, "ab", .bool(true)])
    let header: [UInt8] = Array("PGCOPY\n".utf8) + [0xff, 13, 10, 0] + [UInt8](repeating: 0, count: 8)
    let row: [UInt8] = [0, 4, 0, 0, 0, 2, 0, 1, 255, 255, 255, 255, 0, 0, 0, 2, 97, 98, 0, 0, 0, 1, 1]
    #expect(rows.finished == header + row + [255, 255] && rows.byteCount == rows.finished.count && rows.count == 1)
  }

  /// A row that can't be stored leaves those before it as they were.
  @Test func whatPostgresCannotStoreIsRefused() throws {
    var rows = CopyRows()
    try rows.append([.int64(1)])
    let before = rows.finished
    for value in ["a\0b", .timestamp(.min + 1), .textArray(["a"]), .uuidArray([1])] as [PostgresValue] {
      #expect(throws: PostgresError.self) { try rows.append([.int64(2), value]) }
      #expect(rows.finished == before && rows.count == 1)
    }
    #expect(throws: PostgresError.self) { try rows.append(Array(repeating: .null, count: 1601)) }
  }

  /// More than any buffer of the way takes at once, of every type.
  @Test func rowsArriveAsTheyWere() async throws {
    try await Bench.run { bench in
      try bench.table("a int2, b int4, c int8, d float8, e bool, f text, g bytea, h uuid, i timestamptz")
      let copy = Statement("copy", "COPY t (a, b, c, d, e, f, g, h, i) FROM STDIN (FORMAT binary)")
      let text = String(repeating: "\u{1f98a}é\"\\\t\n", count: 100)
      let values: [PostgresValue] = [
        .int16(-1), .int32(.min), .int64(.max), .double(-0.5), .bool(true), .text(text), .bytes([0, 255]),
        .uuid(1 << 63, 2), .timestamp(1_700_000_000_123_456),
      ]
      var rows = CopyRows()
      for _ in 0..<10_000 { try rows.append(values) }
      try rows.append(Array(repeating: .null, count: 9))
      let all = rows
      let count = try await bench.client.withTransaction { transaction in
        let count = try await transaction.copy(copy, all)
        // The transaction goes on.
        #expect(try await transaction.query(Self.count)[0][0].int64 == 10_001)
        return count
      }
      #expect(count == 10_001)
      let same = Statement(
        "same",
        """
        SELECT count(*) FROM t WHERE a = -1 AND b = -2147483648 AND c = 9223372036854775807 AND d = -0.5 AND e
          AND f = $1 AND g = '\\x00ff' AND h = '80000000-0000-0000-0000-000000000002'
          AND i = to_timestamp(1700000000.123456)
        """, isReadOnly: true)
      #expect(try await bench.client.query(same, [.text(text)])[0][0].int64 == 10_000)
    }
  }

  @Test func aRowThatBreaksAConstraintUndoesAll() async throws {
    try await Bench.run { bench in
      try bench.table("id int8 PRIMARY KEY")
      let copy = Statement("copy", "COPY t FROM STDIN (FORMAT binary)")
      var rows = CopyRows()
      for id in 0..<50_000 as Range<Int64> { try rows.append([.int64(id % 49_999)]) }
      let all = rows
      let error = try await postgresError {
        try await bench.client.withTransaction { try await $0.copy(copy, all) }
      }
      #expect(error.code == .uniqueViolation)
      // Rows of another shape.
      var wrong = CopyRows()
      try wrong.append([.int64(1), .int64(2)])
      let other = wrong
      await #expect(throws: PostgresError.self) {
        try await bench.client.withTransaction { try await $0.copy(copy, other) }
      }
      // Nothing was kept, and connections serve on.
      for _ in 0..<50 {
        #expect(try await bench.client.withTransaction { try await $0.query(Self.count)[0][0].int64 } == 0)
      }
    }
  }

  /// A COPY without rows must not make the server wait for ever.
  @Test func aScriptWithoutRowsFails() async throws {
    try await Bench.run { bench in
      try bench.table("id int8")
      try await bench.client.withConnection { connection in
        let error = try await postgresError { try await connection.execute("copy", script: "COPY t FROM STDIN") }
        #expect(error.code == .queryCancelled || error.sqlState == "57014")
        #expect(try await connection.query(Self.count)[0][0].int64 == 0)
      }
    }
  }
}
