import EventLoop
import Primitives
import Testing

@testable import Postgres

/// What callers see when the way to the database breaks.
@Suite struct FaultTests {
  static let one = Statement("one", "SELECT $1::int8", isReadOnly: true)
  static let insert = Statement("insert", "INSERT INTO t VALUES ($1)")
  static let sleep = Statement("sleep", "SELECT pg_sleep($1)", isReadOnly: true)

  @Test func lostConnectionsAreNotSeenByReads() async throws {
    try await Bench.run { bench in
      let client = bench.client
      let isOver = Shared(false)
      let reads = Shared(0)
      let readers = (0..<16).map { _ in
        Task(executorPreference: bench.loops.loops[0]) {
          while !isOver.value {
            let number = Int64(reads.change { $0 += 1 })
            let found = try await client.query(Self.one, [.int64(number)])[0][0].int64
            #expect(found == number)
          }
        }
      }
      for _ in 0..<5 {
        let before = reads.value
        try bench.admin.terminate(bench.name)
        try await bench.until { reads.value > before + 1000 }
      }
      isOver.value = true
      for reader in readers { try await reader.value }
    }
  }

  @Test func writeCutAfterItWasSentIsNotSafeToRetry() async throws {
    let proxy = try FaultyProxy()
    defer { proxy.close() }
    try await Bench.run(through: proxy, { $0.sharedConnectionsPerLoop = 1 }) { bench in
      try bench.table("id int8")
      _ = try await bench.client.query(Self.insert, [.int64(0)])
      proxy.mode = .cutAfterSending
      let error = try await postgresError { try await bench.client.query(Self.insert, [.int64(1)]) }
      #expect(error.code == .connectionLost && !error.isSafeToRetry && error.statement == "insert")
      // It took effect, and it was not tried again.
      #expect(try bench.admin.run("SELECT count(*) FROM \(bench.name).t WHERE id = 1")[0][0] == "1")

      let other = try await postgresError {
        // The cut may meet the new connection's start instead, which is tried again: so it is asked for each time.
        for _ in 0..<1000 {
          proxy.mode = .cutBeforeSending
          _ = try await bench.client.query(Self.insert, [.int64(2)])
        }
      }
      #expect(other.code == .connectionLost && !other.isSafeToRetry)
    }
  }

  @Test func readIsTriedOnceMoreWhereverItIsCut() async throws {
    let proxy = try FaultyProxy()
    defer { proxy.close() }
    try await Bench.run(through: proxy, { $0.sharedConnectionsPerLoop = 1 }) { bench in
      for mode in [FaultyProxy.Mode.cutBeforeSending, .cutAfterSending] {
        _ = try await bench.client.query(Self.one, [.int64(1)])
        proxy.mode = mode
        #expect(try await bench.client.query(Self.one, [.int64(2)])[0][0].int64 == 2)
      }
    }
  }

  @Test func transactionLosesItsConnection() async throws {
    try await Bench.run { bench in
      try bench.table("id int8")
      let error = try await postgresError {
        try await bench.client.withTransaction { transaction in
          try await transaction.query(Self.insert, [.int64(1)])
          try bench.admin.terminate(bench.name)
          try await transaction.query(Self.insert, [.int64(2)])
        }
      }
      #expect([.serverShuttingDown, .connectionLost].contains(error.code) && !error.isSafeToRetry)
      // One that was being opened may have ended too: the client then counts as unavailable until the next is open.
      try await bench.until { bench.client.isAvailable }
      // The pre-ping finds the dead ones: the next caller sees nothing.
      try await bench.client.withTransaction { _ = try await $0.query(Self.insert, [.int64(3)]) }
      #expect(try bench.admin.run("SELECT array_agg(id) FROM \(bench.name).t")[0][0] == "{3}")
    }
  }

  @Test func commitThatIsCutIsReported() async throws {
    let proxy = try FaultyProxy()
    defer { proxy.close() }
    try await Bench.run(through: proxy) { bench in
      try bench.table("id int8")
      let error = try await postgresError {
        try await bench.client.withTransaction { transaction in
          try await transaction.query(Self.insert, [.int64(1)])
          proxy.mode = .cutAfterSending
        }
      }
      #expect(error.code == .connectionLost && !error.isSafeToRetry && error.statement == "COMMIT")
    }
  }

  @Test func databaseAwayAndBack() async throws {
    let proxy = try FaultyProxy()
    defer { proxy.close() }
    try await Bench.run(through: proxy) { bench in
      let client = bench.client
      let changes = Shared<[Bool]>([])
      client.onAvailabilityChange { isUp in changes.change { $0.append(isUp) } }
      _ = try await client.query(Self.one, [.int64(1)])
      proxy.mode = .refuse
      proxy.cutAll()
      // Those who came before the circuit opened wait for a while; then all are refused at once.
      let first = try await postgresError { try await client.query(Self.one, [.int64(1)]) }
      #expect(first.code == .unavailable && first.isSafeToRetry)
      #expect(!client.isAvailable)
      let next = try await postgresError { try await client.query(Self.insert, [.int64(1)]) }
      #expect(next.code == .unavailable && next.isSafeToRetry)
      let transaction = try await postgresError { try await client.withTransaction { _ in } }
      #expect(transaction.code == .unavailable)
      proxy.mode = .pass
      try await bench.until { client.isAvailable }
      #expect(try await client.query(Self.one, [.int64(2)])[0][0].int64 == 2)
      _ = try await client.withTransaction { try await $0.query(Self.one, [.int64(2)])[0][0].int64 }
      #expect(changes.value == [false, true])
    }
  }

  @Test func absentFromTheStart() async throws {
    let proxy = try FaultyProxy()
    defer { proxy.close() }
    proxy.mode = .refuse
    try await Bench.run(through: proxy, waitsUntilAvailable: false) { bench in
      #expect(!bench.client.isAvailable)
      let error = try await postgresError { try await bench.client.query(Self.one, [.int64(1)]) }
      #expect(error.code == .unavailable)
      proxy.mode = .pass
      try await bench.until { bench.client.isAvailable }
      #expect(try await bench.client.query(Self.one, [.int64(1)])[0][0].int64 == 1)
    }
  }

  @Test func acceptsAndSaysNothing() async throws {
    let proxy = try FaultyProxy()
    defer { proxy.close() }
    proxy.mode = .stall
    try await Bench.run(through: proxy, waitsUntilAvailable: false, { $0.connectTimeout = .milliseconds(300) }) {
      bench in
      let error = try await postgresError { try await bench.client.query(Self.one, [.int64(1)]) }
      #expect(error.code == .unavailable)
      proxy.mode = .pass
      try await bench.until { bench.client.isAvailable }
    }
  }

  @Test func stalledNetworkMeetsTheDeadline() async throws {
    let proxy = try FaultyProxy()
    defer { proxy.close() }
    try await Bench.run(through: proxy, { $0.sharedConnectionsPerLoop = 1 }) { bench in
      try bench.table("id int8")
      _ = try await bench.client.query(Self.insert, [.int64(0)])
      proxy.mode = .stall
      let error = try await postgresError {
        try await bench.client.query(Self.insert, [.int64(1)], deadline: MonotonicClock.nanoseconds + 100_000_000)
      }
      #expect(error.code == .deadlineExceeded && !error.isSafeToRetry)
      proxy.mode = .pass
      #expect(try await bench.client.query(Self.one, [.int64(9)])[0][0].int64 == 9)
    }
  }

  /// A caller without a deadline has not missed one when ours passes.
  @Test func stalledNetworkWithoutADeadline() async throws {
    let proxy = try FaultyProxy()
    defer { proxy.close() }
    try await Bench.run(through: proxy, { $0.defaultTimeout = .milliseconds(300) }) { bench in
      try bench.table("id int8")
      _ = try await bench.client.query(Self.insert, [.int64(0)], deadline: MonotonicClock.nanoseconds + 60_000_000_000)
      proxy.mode = .stall
      let read = try await postgresError { try await bench.client.query(Self.one, [.int64(1)]) }
      #expect(read.code == .timedOut && read.isSafeToRetry)
      let write = try await postgresError { try await bench.client.query(Self.insert, [.int64(1)]) }
      #expect(write.code == .timedOut)
      let lease = try await postgresError { try await bench.client.withTransaction { try await $0.query(Self.one) } }
      #expect(lease.code == .timedOut)
      proxy.mode = .pass
    }
  }

  /// The pre-ping of a connection that the network swallowed has a limit of its own: the caller gets another
  /// connection.
  @Test func swallowedIdleConnectionIsPassedOver() async throws {
    let proxy = try FaultyProxy()
    defer { proxy.close() }
    try await Bench.run(through: proxy, { $0.connectTimeout = .seconds(1) }) { bench in
      let value = try await bench.client.withTransaction { try await $0.query(Self.one, [.int64(1)])[0][0].int64 }
      #expect(value == 1)
      proxy.stallOpenOnes()
      #expect(try await bench.client.withTransaction { try await $0.query(Self.one, [.int64(2)])[0][0].int64 } == 2)
    }
  }

  /// A slow statement at the head of a shared connection does not hold up everybody for as long as it runs.
  @Test func heldUpConnectionIsReplaced() async throws {
    try await Bench.run({
      $0.sharedConnectionsPerLoop = 1
      $0.stalledAfter = .milliseconds(100)
    }) { bench in
      let client = bench.client
      let isDone = Shared(false)
      let slow = Task {
        _ = try await client.query(Self.sleep, [.double(6)])
        isDone.value = true
      }
      try await Task.sleep(nanoseconds: 50_000_000)
      try await bench.until("a quick one overtakes") {
        let deadline = MonotonicClock.nanoseconds + 200_000_000
        return (try? await client.query(Self.one, [.int64(1)], deadline: deadline)) != nil
      }
      let wasDone = isDone.value
      #expect(!wasDone)
      // The slow one still gets its answer, and its connection goes.
      try await slow.value
      try await bench.until { try bench.admin.connections(bench.name) == 1 }
    }
  }

  /// Every write that was acknowledged is there, however often the connections die; none is there twice.
  @Test func noAcknowledgedWriteIsLost() async throws {
    try await Bench.run { bench in
      try bench.table("id int8")
      let client = bench.client
      let isOver = Shared(false)
      let next = Shared<Int64>(0)
      let acknowledged = Shared<[Int64]>([])
      let writers = (0..<16).map { _ in
        Task(executorPreference: bench.loops.loops[0]) {
          while !isOver.value {
            let number = next.change { $0 += 1 }
            if (try? await client.query(Self.insert, [.int64(number)])) != nil {
              acknowledged.change { $0.append(number) }
            }
          }
        }
      }
      for _ in 0..<8 {
        let before = acknowledged.value.count
        try bench.admin.terminate(bench.name)
        try await bench.until { acknowledged.value.count > before + 50 }
      }
      isOver.value = true
      for writer in writers { await writer.value }
      let rows = try bench.admin.run("SELECT id FROM \(bench.name).t").compactMap { $0[0].flatMap { Int64($0) } }
      #expect(Set(rows).count == rows.count)
      #expect(Set(acknowledged.value).isSubset(of: Set(rows)))
    }
  }
}
