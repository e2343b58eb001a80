@testable import EventLoop
import Glibc
import Synchronization
import Testing

@Suite struct EventLoopTests {
  private func withLoop(_ body: (EventLoop) async throws -> Void) async throws {
    let group = try EventLoopGroup(count: 1, name: "test")
    defer { group.shutdown() }
    try await body(group.loops[0])
  }

  @Test func tasksWithTheLoopAsPreferenceStayOnIt() async throws {
    try await withLoop { loop in
      let stayed = await Task(executorPreference: loop) {
        let before = loop.isCurrent
        await Task.yield()
        async let child = loop.isCurrent
        let inChild = await child
        return before && loop.isCurrent && inChild
      }.value
      #expect(stayed)
    }
  }

  @Test func immediateTaskRunsBeforeItReturns() async throws {
    try await withLoop { loop in
      let order: [String] = await withCheckedContinuation { continuation in
        loop.execute {
          let log = Mutex<[String]>([])
          Task.immediate(executorPreference: loop) { log.withLock { $0.append("task") } }
          log.withLock { $0.append("after") }
          continuation.resume(returning: log.withLock { $0 })
        }
      }
      #expect(order == ["task", "after"])
    }
  }

  @Test func aTaskResumedImmediatelyRunsBeforeOthersThatWait() async throws {
    final class Record: Sendable {
      let lines = Mutex<[String]>([])
      let parked = Mutex<UnsafeContinuation<Void, Never>?>(nil)
      func add(_ line: String) { lines.withLock { $0.append(line) } }
    }
    try await withLoop { loop in
      let record = Record()
      await withCheckedContinuation { continuation in
        loop.execute {
          Task.immediate(executorPreference: loop) {
            await withUnsafeContinuation { parked in record.parked.withLock { $0 = parked } }
            record.add("resumed")
            await Task.yield()
            continuation.resume()
          }
          Task(executorPreference: loop) { record.add("other") }
          loop.runImmediately { record.parked.withLock { $0 }?.resume() }
          record.add("after")
          // Nothing was resumed: those that wait stay where they are.
          loop.runImmediately {}
          record.add("nothing")
        }
      }
      #expect(record.lines.withLock { $0 } == ["resumed", "after", "nothing", "other"])
    }
  }

  @Test func workOfOneThreadKeepsItsOrder() async throws {
    try await withLoop { loop in
      let seen = Mutex<[Int]>([])
      await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
        for index in 0..<1000 { loop.execute { seen.withLock { $0.append(index) } } }
        loop.execute { done.resume() }
      }
      #expect(seen.withLock { $0 } == Array(0..<1000))
    }
  }

  @Test func timersFireInTheOrderOfTheirTimesAndNotWhenCancelled() async throws {
    try await withLoop { loop in
      let fired: [Int] = await withCheckedContinuation { continuation in
        loop.execute {
          final class Box { var fired: [Int] = []; var timers: [LoopTimer] = [] }
          let box = Box()
          for delay in [30, 10, 20] {
            let timer = LoopTimer(on: loop) { [unowned box] in box.fired.append(delay) }
            timer.schedule(after: .milliseconds(delay))
            box.timers.append(timer)
          }
          let cancelled = LoopTimer(on: loop) { [unowned box] in box.fired.append(-1) }
          cancelled.schedule(after: .milliseconds(15))
          cancelled.cancel()
          let last = LoopTimer(on: loop) {
            continuation.resume(returning: box.fired)
            box.timers = []
          }
          last.schedule(after: .milliseconds(40))
          box.timers.append(last)
        }
      }
      #expect(fired == [10, 20, 30])
    }
  }

  /// A source that is cancelled by the handler of another in the same wait is not told any more.
  @Test func sourceCancelledInTheSameTurnStaysSilent() async throws {
    try await withLoop { loop in
      final class Pipe: ReadinessHandler {
        var ends: [Int32] = [0, 0]
        var source: IOSource?
        var peer: Pipe?
        var told = 0
        init() { _ = pipe(&ends) }
        func ready(_ readiness: Readiness) {
          told += 1
          peer?.source?.cancel()
          source?.cancel()
          peer = nil
        }
        func closeBoth() { for end in ends { _ = close(end) } }
      }
      let told: Int = try await withCheckedThrowingContinuation { continuation in
        loop.execute {
          do {
            let first = Pipe(), second = Pipe()
            first.peer = second
            second.peer = first
            for pipe in [first, second] {
              pipe.source = try loop.register(pipe.ends[0], .readable, pipe)
              _ = write(pipe.ends[1], "x", 1)
            }
            let timer = Box()
            timer.timer = LoopTimer(on: loop) {
              continuation.resume(returning: first.told + second.told)
              first.closeBoth()
              second.closeBoth()
              timer.timer = nil
            }
            timer.timer?.schedule(after: .milliseconds(20))
          } catch { continuation.resume(throwing: error) }
        }
      }
      #expect(told == 1)
    }
  }

  /// A writer that each flush wakes, and that asks for the next one, must not keep mail, timers and sockets waiting.
  @Test func flushesWithoutEndDoNotHoldTheLoop() async throws {
    try await withLoop { loop in
      final class Endless: TurnFlushable {
        var isFlushScheduled = false
        var isOver = false
        unowned let loop: EventLoop
        init(_ loop: EventLoop) { self.loop = loop }
        func flushTurn() { if !isOver { loop.flushAtEndOfTurn(self) } }
      }
      // Belongs to the loop; held here so that both closures name the same one.
      nonisolated(unsafe) let target = Endless(loop)
      await withCheckedContinuation { (started: CheckedContinuation<Void, Never>) in
        loop.execute {
          loop.flushAtEndOfTurn(target)
          started.resume()
        }
      }
      let timerFired: Bool = await withCheckedContinuation { continuation in
        loop.execute {
          final class Box { var timer: LoopTimer? }
          let box = Box()
          box.timer = LoopTimer(on: loop) {
            target.isOver = true
            box.timer = nil
            continuation.resume(returning: true)
          }
          box.timer?.schedule(after: .milliseconds(1))
        }
      }
      #expect(timerFired)
    }
  }

  @Test func flushTargetIsCalledOnceATurnAfterTheJobs() async throws {
    try await withLoop { loop in
      final class Target: TurnFlushable {
        var isFlushScheduled = false
        var log: [String] = []
        func flushTurn() { log.append("flush") }
      }
      let log: [String] = await withCheckedContinuation { continuation in
        loop.execute {
          let target = Target()
          loop.flushAtEndOfTurn(target)
          loop.flushAtEndOfTurn(target)
          target.log.append("work")
          let box = Box()
          box.timer = LoopTimer(on: loop) {
            continuation.resume(returning: target.log)
            box.timer = nil
          }
          box.timer?.schedule(after: .milliseconds(5))
        }
      }
      #expect(log == ["work", "flush"])
    }
  }

  /// A pool without a thread would keep its work for ever.
  @Test func offloadPoolWithoutThreadsRefusesWorkUntilThereAreSome() async throws {
    let refusals = Mutex(2)
    let pool = OffloadPool(threads: 2, queueLimit: 1) { function, argument in
      let isRefused = refusals.withLock { left in
        left -= 1
        return left >= 0
      }
      var thread = pthread_t()
      return isRefused ? EAGAIN : pthread_create(&thread, nil, function, argument)
    }
    await #expect(throws: OffloadError.noThread) { try await pool.run {} }
    #expect(try await pool.run { 7 } == 7)
    pool.shutdown()
  }

  @Test func offloadPoolRefusesMoreThanItsQueueHolds() async throws {
    let pool = OffloadPool(threads: 1, queueLimit: 1)
    let gate = Mutex(false)
    let entered = Mutex(false)
    let blocker = Task {
      try await pool.run {
        entered.withLock { $0 = true }
        while !gate.withLock({ $0 }) { usleep(100) }
      }
    }
    while !entered.withLock({ $0 }) { await Task.yield() }
    let outcomes = await withTaskGroup(of: OffloadError?.self) { tasks in
      for _ in 0..<4 {
        tasks.addTask {
          do throws(OffloadError) { try await pool.run {} } catch { return error }
          return nil
        }
      }
      var outcomes: [OffloadError?] = []
      for await outcome in tasks {
        outcomes.append(outcome)
        if outcomes.count == 3 { gate.withLock { $0 = true } }
      }
      return outcomes
    }
    try await blocker.value
    #expect(outcomes.filter { $0 == .queueFull }.count == 3)
    pool.shutdown()
    await #expect(throws: OffloadError.shutDown) { try await pool.run {} }
  }
}

private final class Box { var timer: LoopTimer? }
