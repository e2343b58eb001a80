import EventLoop
import Primitives
import Testing

@testable import Postgres

/// A test for each of the known traps of the field (rows 14 to 20 of the field notes) that needs a database; those of
/// the machines alone are beside them.
@Suite struct TrapTests {
  static let one = Statement("one", "SELECT $1::int8", isReadOnly: true)
  static let pid = Statement("pid", "SELECT pg_backend_pid()::int8", isReadOnly: true)
  static let sleep = Statement("sleep", "SELECT pg_sleep($1)", isReadOnly: true)

  /// Trap 14: libpq opens another socket inside PQconnectPoll. The loop must watch that one, not the first.
  @Test func socketChangesWhileConnecting() async throws {
    let proxy = try FaultyProxy()
    defer { proxy.close() }
    proxy.mode = .garbleTLS
    try await Bench.run(
      through: proxy,
      {
        $0.url = $0.url.replacing("sslmode='disable'", with: "sslmode='prefer'")
        $0.sharedConnectionsPerLoop = 3
      }
    ) { bench in
      for number in Int64(0)..<20 {
        #expect(try await bench.client.query(Self.one, [.int64(number)])[0][0].int64 == number)
      }
      _ = try await bench.client.withTransaction { try await $0.query(Self.one, [.int64(1)])[0][0].int64 }
    }
    #expect(proxy.accepted >= 8)
  }

  /// Trap 14: the client looks up a name off the loop, and tries the next host when one refuses.
  @Test func severalHostsByName() async throws {
    let proxy = try FaultyProxy()
    defer { proxy.close() }
    let refusing = try FaultyProxy()
    defer { refusing.close() }
    refusing.mode = .refuse
    try await Bench.run(
      through: proxy,
      {
        $0.url = $0.url.replacing("host='127.0.0.1'", with: "host='no-such-host.invalid,127.0.0.1,localhost'")
          .replacing("port='\(proxy.port)'", with: "port='1,\(refusing.port),\(proxy.port)'")
      }
    ) { bench in
      let found = try await bench.client.query(Self.one, [.int64(7)])[0][0].int64
      #expect(found == 7)
    }
    #expect(refusing.accepted > 0)
  }

  /// Trap 15: both ends send more than the socket's buffers hold. The client must go on reading while it can't write.
  @Test func bothDirectionsFull() async throws {
    try await Bench.run({ $0.sharedConnectionsPerLoop = 1 }) { bench in
      let client = bench.client
      let echo = Statement("echo", "SELECT $1::bytea, repeat('x', 500000)", isReadOnly: true)
      let total = try await bench.onLoop {
        try await withThrowingTaskGroup(of: Int.self) { group in
          for number in 0..<48 {
            group.addTask {
              let bytes = [UInt8](repeating: UInt8(number), count: 700_000)
              let row = try await client.query(echo, [.bytes(bytes)])[0]
              #expect(try row[0].bytes == bytes)
              return try row[1].text.utf8.count
            }
          }
          return try await group.reduce(0, +)
        }
      }
      #expect(total == 48 * 500_000)
    }
  }

  /// Trap 16: a shared connection drops the result of a cancelled statement, and stays in use.
  @Test func sharedConnectionDropsTheLateResult() async throws {
    try await Bench.run({ $0.sharedConnectionsPerLoop = 1 }) { bench in
      let client = bench.client
      let before = try await client.query(Self.pid)[0][0].int64
      let task = Task { try await client.query(Self.sleep, [.double(1)]) }
      try await Task.sleep(nanoseconds: 50_000_000)
      task.cancel()
      #expect(try await postgresError { try await task.value }.code == .cancelled)
      let late = try await postgresError {
        try await client.query(Self.sleep, [.double(1)], deadline: MonotonicClock.nanoseconds + 50_000_000)
      }
      #expect(late.code == .deadlineExceeded && late.isSafeToRetry)
      for number in Int64(0)..<5 { #expect(try await client.query(Self.one, [.int64(number)])[0][0].int64 == number) }
      #expect(try await client.query(Self.pid)[0][0].int64 == before)
    }
  }

  /// Trap 16: a task that is cancelled already sends nothing, and its error says that it was cancelled.
  @Test func cancelledBeforeItBegan() async throws {
    try await Bench.run { bench in
      let client = bench.client
      for isOnLoop in [true, false] {
        let body: @Sendable () async throws -> Void = {
          withUnsafeCurrentTask { $0?.cancel() }
          let query = try await postgresError { try await client.query(Self.one, [.int64(1)]) }
          #expect(query.code == .cancelled)
          let transaction = try await postgresError {
            try await client.withTransaction { _ = try await $0.query(Self.one, [.int64(1)]) }
          }
          #expect(transaction.code == .cancelled)
        }
        if isOnLoop { try await bench.onLoop(0, body) } else { try await Task { try await body() }.value }
      }
      #expect(try await client.query(Self.one, [.int64(2)])[0][0].int64 == 2)
    }
  }

  /// Trap 17: the server becomes read-only. The write fails with that error, and the client stops using the
  /// connection, whether shared or leased.
  @Test func readOnlyServerIsLeft() async throws {
    try await Bench.run({ ReadOnlyServer.limit(&$0, attributes: "read-write") }) { bench in
      try bench.table("id int8")
      let client = bench.client
      let before = try await client.query(ReadOnlyServer.writerPID)[0][0].int64
      _ = try await client.query(ReadOnlyServer.demote)
      // Unless the upkeep has noticed already, the write finds out.
      do {
        _ = try await client.query(ReadOnlyServer.insert, [.int64(1)])
      } catch let error as PostgresError {
        #expect(error.code == .readOnlyServer || error.code == .connectionLost)
      }
      try await bench.until { (try? await client.query(ReadOnlyServer.insert, [.int64(2)])) != nil }
      #expect(try await client.query(ReadOnlyServer.writerPID)[0][0].int64 != before)

      let leased = try await client.withTransaction { transaction in
        try await transaction.query(ReadOnlyServer.demote)
        return try await transaction.query(Self.pid)[0][0].int64
      }
      let next = try await client.withTransaction { transaction in
        try await transaction.query(ReadOnlyServer.insert, [.int64(3)])
        return try await transaction.query(Self.pid)[0][0].int64
      }
      #expect(next != leased)
    }
  }

  /// Trap 17: the client leaves a shared connection whose server became read-only, even if nobody writes.
  @Test func idleConnectionNotices() async throws {
    try await Bench.run({ ReadOnlyServer.limit(&$0, attributes: "primary") }) { bench in
      let before = try await bench.client.query(Self.pid)[0][0].int64
      _ = try await bench.client.query(ReadOnlyServer.demoteShared)
      try await bench.until { (try? await bench.client.query(Self.pid)[0][0].int64).map { $0 != before } ?? false }
    }
  }

  /// Trap 19: a migration changes the result of a prepared statement. The client prepares it again unnoticed; in a
  /// transaction, only after the transaction has ended.
  @Test func staleStatementIsPreparedAgain() async throws {
    try await Bench.run({
      $0.sharedConnectionsPerLoop = 1
      $0.poolSize = 1
      $0.poolOverflow = 0
    }) { bench in
      try bench.table("id int8")
      try bench.admin.run("INSERT INTO \(bench.name).t VALUES (1)")
      let client = bench.client
      let all = Statement("all", "SELECT * FROM t", isReadOnly: true)
      let returning = Statement("returning", "UPDATE t SET id = id + 1 RETURNING *")
      #expect(try await client.query(all)[0].count == 1)
      #expect(try await client.query(returning)[0].count == 1)
      #expect(try await client.withTransaction { try await $0.query(all)[0].count } == 1)
      try bench.admin.run("ALTER TABLE \(bench.name).t ADD COLUMN name text")
      #expect(try await client.query(all)[0].count == 2)
      #expect(try await client.query(returning)[0].count == 2)
      #expect(try await client.query(returning)[0][0].int64 == 4)
      let error = try await postgresError { try await client.withTransaction { _ = try await $0.query(all) } }
      #expect(error.sqlState == "0A000")
      #expect(try await client.withTransaction { try await $0.query(all)[0].count } == 2)
      // Unknown to the server.
      _ = try await client.query(Statement("forget", "DEALLOCATE ALL"))
      #expect(try await client.query(all)[0].count == 2)
      #expect(try await client.query(returning)[0][0].int64 == 5)
    }
  }

  /// Trap 20: every call is answered exactly once, while connections die, deadlines pass, callers leave and the client
  /// shuts down.
  @Test func everyCallIsAnswered() async throws {
    let proxy = try FaultyProxy()
    defer { proxy.close() }
    try await Bench.run(loops: 2, through: proxy, { $0.shutdownTimeout = .milliseconds(200) }) { bench in
      try bench.table("id int8")
      let client = bench.client
      let insert = Statement("insert", "INSERT INTO t VALUES ($1)")
      let answered = Shared(0)
      let tasks = (Int64(0)..<3000).map { number in
        Task(executorPreference: number % 3 == 0 ? nil : bench.loops.loops[Int(number % 2)]) {
          defer { answered.change { $0 += 1 } }
          let deadline = MonotonicClock.nanoseconds + UInt64(number % 40) * 5_000_000
          switch number % 4 {
          case 0: _ = try? await client.query(Self.one, [.int64(number)])
          case 1: _ = try? await client.query(insert, [.int64(number)], deadline: deadline)
          case 2: _ = try? await client.query(Self.sleep, [.double(0.002)], deadline: deadline)
          default:
            _ = try? await client.withTransaction(deadline: deadline) {
              _ = try await $0.query(insert, [.int64(number)])
            }
          }
        }
      }
      for round in 0..<10 {
        try await Task.sleep(nanoseconds: 20_000_000)
        if round % 3 == 0 { proxy.cutAll() } else { try bench.admin.terminate(bench.name) }
        for task in tasks[(round * 100)..<(round * 100 + 50)] { task.cancel() }
      }
      await client.shutdown()
      for task in tasks { await task.value }
      let count = answered.value
      #expect(count == 3000)
    }
  }
}

extension Bench {
  /// How many callers wait for a lease on the first loop.
  func waitingLeases() async -> Int {
    let part = client.clients[0]
    return await withUnsafeContinuation { continuation in
      part.loop.execute { continuation.resume(returning: part.pool.waiting) }
    }
  }
}
