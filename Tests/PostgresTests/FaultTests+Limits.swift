import EventLoop
import Primitives
import Testing

@testable import Postgres

/// Limits of time and of the queue, and the end of the client.
extension FaultTests {
  @Test func serverEndsWhatRunsTooLong() async throws {
    try await Bench.run({ $0.statementTimeout = .milliseconds(150) }) { bench in
      let error = try await postgresError { try await bench.client.query(Self.sleep, [.double(10)]) }
      #expect(error.code == .timedOut && error.sqlState == "57014")
      // Nor has the deadline of a caller passed who would have waited for longer.
      let patient = try await postgresError {
        try await bench.client.query(
          Self.sleep, [.double(10)], deadline: MonotonicClock.nanoseconds + 60_000_000_000)
      }
      #expect(patient.code == .timedOut)
      #expect(try await bench.client.query(Self.one, [.int64(1)])[0][0].int64 == 1)
    }
  }

  @Test func queueIsBoundedAndServedInOrder() async throws {
    try await Bench.run({
      $0.sharedConnectionsPerLoop = 1
      $0.pipelineDepth = 2
      $0.sharedQueueLimit = 10
    }) { bench in
      let client = bench.client
      let codes = try await bench.onLoop {
        await withTaskGroup(of: PostgresError.Code?.self) { group in
          for number in Int64(0)..<20 {
            group.addTask {
              do throws(PostgresError) {
                _ = try await client.query(Self.one, [.int64(number)])
                return nil
              } catch {
                return error.code
              }
            }
          }
          return await group.reduce(into: []) { $0.append($1) }
        }
      }
      #expect(codes.count { $0 == nil } == 12)
      #expect(codes.count { $0 == .queueFull } == 8)
    }
  }

  @Test func deadlineWhileWaitingForAPlace() async throws {
    try await Bench.run({
      $0.sharedConnectionsPerLoop = 1
      $0.pipelineDepth = 1
    }) { bench in
      let client = bench.client
      async let slow = client.query(Self.sleep, [.double(0.5)])
      try await Task.sleep(nanoseconds: 50_000_000)
      let error = try await postgresError {
        try await client.query(
          Statement("w", "SELECT 1", isReadOnly: true), deadline: MonotonicClock.nanoseconds + 50_000_000)
      }
      #expect(error.code == .deadlineExceeded && error.isSafeToRetry)
      #expect(error.message.contains("waited for a database connection"))
      _ = try await slow
    }
  }

  @Test func twoWhoShutItDownBothReturn() async throws {
    try await Bench.run { bench in
      let client = bench.client
      async let query = client.query(Self.sleep, [.double(0.3)])
      try await Task.sleep(nanoseconds: 100_000_000)
      async let first: Void = client.shutdown()
      async let second: Void = client.shutdown()
      _ = await (first, second)
      #expect(try await query.count == 1)
      await client.shutdown()
    }
  }

  @Test func shutdownLetsFinishAndThenEnds() async throws {
    try await Bench.run({ $0.shutdownTimeout = .milliseconds(600) }) { bench in
      let client = bench.client
      async let short = client.query(Self.sleep, [.double(0.2)])
      let long = Task { try await client.query(Self.sleep, [.double(20)]) }
      let lease = Task { try await client.withTransaction { _ = try await $0.query(Self.sleep, [.double(20)]) } }
      try await Task.sleep(nanoseconds: 100_000_000)
      await client.shutdown()
      #expect(try await short.count == 1)
      #expect(try await postgresError { try await long.value }.code == .shutDown)
      let error = try await postgresError { try await lease.value }
      #expect(error.code == .shutDown, "\(error)")
      try await bench.until { try bench.admin.connections(bench.name) == 0 }
    }
  }
}
