import EventLoop
import Primitives
import Testing

@testable import Postgres

/// Traps of leased connections.
extension TrapTests {
  /// Trap 16: the caller of a cancelled statement is answered at once, and nobody else gets its connection or its
  /// result.
  @Test func cancelledLeaseIsClosed() async throws {
    try await Bench.run({
      $0.poolSize = 1
      $0.poolOverflow = 0
    }) { bench in
      let client = bench.client
      let victim = Shared<Int64>(0)
      let begun = Shared(false)
      let task = Task {
        try await client.withTransaction { transaction in
          let id = try await transaction.query(Self.pid)[0][0].int64
          victim.value = id
          begun.value = true
          _ = try await transaction.query(Self.sleep, [.double(20)])
        }
      }
      try await bench.until { begun.value }
      try await Task.sleep(nanoseconds: 50_000_000)
      task.cancel()
      let error = try await postgresError { try await task.value }
      #expect(error.code == .cancelled)
      for _ in 0..<3 {
        let next = try await client.withTransaction { try await $0.query(Self.pid)[0][0].int64 }
        #expect(next != victim.value)
      }
    }
  }

  /// Trap 16: when a deadline passes during a leased statement, the next lease gets another connection, and the server
  /// stops the statement.
  @Test func deadlineOnALease() async throws {
    try await Bench.run({
      $0.poolSize = 1
      $0.poolOverflow = 0
    }) { bench in
      let deadline = MonotonicClock.nanoseconds + 200_000_000
      let error = try await postgresError {
        try await bench.client.withTransaction(deadline: deadline) { _ = try await $0.query(Self.sleep, [.double(20)]) }
      }
      // The client's timer or the server comes first: both have the same limit.
      #expect([.deadlineExceeded, .queryCancelled].contains(error.code))
      #expect(try await bench.client.withTransaction { try await $0.query(Self.one, [.int64(3)])[0][0].int64 } == 3)
      // The server has stopped the statement too.
      try await bench.until {
        try bench.admin.run(
          "SELECT FROM pg_stat_activity WHERE application_name = '\(bench.name)' AND state = 'active' AND query ~ 'sleep'"
        ).isEmpty
      }
    }
  }

  /// Trap 18: a task that holds a lease and asks for another one gets an error.
  @Test func nestedLeaseIsAnError() async throws {
    try await Bench.run({
      $0.poolSize = 1
      $0.poolOverflow = 0
    }) { bench in
      let client = bench.client
      try await client.withTransaction { _ in
        let nested = try await postgresError { try await client.withTransaction { _ in } }
        #expect(nested.code == .nestedLease)
        let child = try await postgresError {
          async let result: Void = client.withConnection { _ in }
          try await result
        }
        #expect(child.code == .nestedLease)
        #expect(try await client.query(Self.one, [.int64(1)])[0][0].int64 == 1)
      }
      // A task that outlives the lease it was started in is free to take one.
      let task = try await client.withTransaction { _ in
        Task {
          try await Task.sleep(nanoseconds: 100_000_000)
          return try await client.withTransaction { try await $0.query(Self.one, [.int64(5)])[0][0].int64 }
        }
      }
      #expect(try await task.value == 5)
    }
  }

  /// Trap 18: the queue for leases is bounded, and each waiter has a deadline.
  @Test func waitersAreBoundedAndHaveADeadline() async throws {
    try await Bench.run({
      $0.poolSize = 1
      $0.poolOverflow = 0
      $0.leaseQueueLimit = 2
    }) { bench in
      let client = bench.client
      let isHeld = Shared(false)
      let isOver = Shared(false)
      let holder = Task {
        try await client.withTransaction { _ in
          isHeld.value = true
          while !isOver.value { try await Task.sleep(nanoseconds: 5_000_000) }
        }
      }
      try await bench.until { isHeld.value }
      let waiters = (0..<2).map { _ in
        Task {
          try await postgresError {
            try await client.withTransaction(deadline: MonotonicClock.nanoseconds + 3_000_000_000) { _ in }
          }
        }
      }
      try await bench.until("both wait") { await bench.waitingLeases() == 2 }
      let refused = try await postgresError { try await client.withTransaction { _ in } }
      #expect(refused.code == .queueFull && refused.isSafeToRetry)
      for waiter in waiters { #expect(try await waiter.value.code == .deadlineExceeded) }
      isOver.value = true
      try await holder.value
      try await client.withTransaction { _ in }
    }
  }

}
