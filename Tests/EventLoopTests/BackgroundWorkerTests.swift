import EventLoop
import Logging
import Primitives
import Synchronization
import Testing

@Suite struct BackgroundWorkerTests {
  private struct Broken: Error, CustomStringConvertible {
    let description = "broken"
  }

  private let log = LineLog()
  private let soon = Backoff(first: .milliseconds(1), limit: .milliseconds(2))

  private func withLoop(_ body: (EventLoop) async throws -> Void) async throws {
    let group = try EventLoopGroup(count: 1, name: "test")
    defer { group.shutdown() }
    try await body(group.loops[0])
  }

  /// Waits for what happens by itself; fails after a time that is long for any machine.
  private func until(_ condition: () -> Bool) async throws {
    for _ in 0..<3000 where !condition() { try await Task.sleep(for: .milliseconds(10)) }
    try #require(condition())
  }

  @Test func worksOnItsLoopTurnByTurn() async throws {
    try await withLoop { loop in
      let turns = Mutex(0)
      let strays = Mutex(0)
      let worker = BackgroundWorker("test", on: loop, logger: log.logger) {
        if !loop.isCurrent { strays.withLock { $0 += 1 } }
        turns.withLock { $0 += 1 }
        return .milliseconds(1)
      }
      worker.start()
      try await until { turns.withLock { $0 } >= 5 }
      await worker.stop()
      let count = turns.withLock { $0 }
      #expect(worker.state.phase == .stopped && !worker.state.isFailing && worker.state.lastSuccess != nil)
      try await Task.sleep(for: .milliseconds(20))
      #expect(turns.withLock { $0 } == count && strays.withLock { $0 } == 0)
    }
  }

  @Test func isTriedAgainUntilItWorksAndSaysSo() async throws {
    try await withLoop { loop in
      let turns = Mutex(0)
      let changes = Mutex<[Bool]>([])
      let worker = BackgroundWorker(
        "test", on: loop, logger: log.logger, backoff: soon,
        onChange: { state in changes.withLock { $0.append(state.isFailing) } }
      ) {
        let turn = turns.withLock { turns in
          turns += 1
          return turns
        }
        if turn <= 5 { throw Broken() }
        return .seconds(3600)
      }
      worker.start()
      try await until { worker.state.lastSuccess != nil }
      #expect(worker.state.lastError == "broken" && !worker.state.isFailing && worker.state.phase == .waiting)
      await worker.stop()
      #expect(changes.withLock { $0 } == [true, false])
      // The same failure again and again is a line a minute.
      #expect(log.lines.count == 2)
      #expect(log.lines[0].hasPrefix("error A background worker failed; it retries. error=broken failures=1 "))
      #expect(log.lines[1] == "notice A background worker recovered. worker=test")
    }
  }

  /// Its rest may be long: work that turns up ends it.
  @Test func isWoken() async throws {
    try await withLoop { loop in
      let turns = Mutex(0)
      let worker = BackgroundWorker("test", on: loop, logger: log.logger) {
        turns.withLock { $0 += 1 }
        return .seconds(3600)
      }
      worker.start()
      for count in 1...3 {
        try await until { turns.withLock { $0 } >= count && worker.state.phase == .waiting }
        worker.wake()
      }
      try await until { turns.withLock { $0 } == 4 }
      await worker.stop()
    }
  }

  /// Who stops it knows that nothing of it runs any more.
  @Test func stoppingCancelsItsWorkAndWaitsForIt() async throws {
    try await withLoop { loop in
      let began = Mutex(false)
      let ended = Mutex(false)
      let worker = BackgroundWorker("test", on: loop, logger: log.logger) {
        began.withLock { $0 = true }
        defer { ended.withLock { $0 = true } }
        try await Task.sleep(for: .seconds(3600))
        return .zero
      }
      worker.start()
      try await until { began.withLock { $0 } }
      async let first: Void = worker.stop()
      async let second: Void = worker.stop()
      _ = await (first, second)
      #expect(ended.withLock { $0 } && worker.state.phase == .stopped && !worker.state.isFailing)
      #expect(log.lines.isEmpty)
      await worker.stop()
    }
  }
}
