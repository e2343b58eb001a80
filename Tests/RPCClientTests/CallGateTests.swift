import EventLoop
import RPCCore
import Synchronization
import TestPeer
import TestSupport
import Testing

@testable import RPCClient

/// A channel's own limit of calls.
@Suite(.timeLimit(.minutes(2))) struct CallGateTests {
  @Test func callsWaitInTheirOrder() {
    var gate = CallGateMachine<Int>(limit: 2, queueLimit: 2)
    #expect((1...5).map { gate.enter($0) } == [.go, .go, .wait(1), .wait(2), .refuse])
    #expect([gate.abandoned(1), gate.abandoned(1)] == [true, false] && gate.waiting == 1)
    #expect(gate.enter(6) == .wait(3))
    #expect(gate.left() == 4 && gate.running == 2)
    // It was let go before it gave up.
    let isAbandoned = gate.abandoned(2)
    #expect(!isAbandoned)
    #expect(gate.left() == 6 && gate.left() == nil && gate.left() == nil && gate.running == 0)
    var none = CallGateMachine<Int>(limit: 0, queueLimit: -1)
    #expect(none.enter(1) == .go && none.enter(2) == .refuse)
  }

  /// Never do more run than may, and never does one wait while fewer run.
  @Test(arguments: 1...20) func anyOrder(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let (limit, queueLimit) = (Int.random(in: 1...5, using: &random), Int.random(in: 0...100, using: &random))
    var gate = CallGateMachine<Int>(limit: limit, queueLimit: queueLimit)
    var running: Set<Int> = []
    var waiting: [(ticket: UInt64, call: Int)] = []
    for call in 0..<5000 {
      switch Int.random(in: 0..<4, using: &random) {
      case 0...1:
        switch gate.enter(call) {
        case .go: running.insert(call)
        case .wait(let ticket): waiting.append((ticket, call))
        case .refuse: #expect(waiting.count == queueLimit)
        }
      case 2:
        guard let ended = running.randomElement(using: &random) else { continue }
        running.remove(ended)
        let next = gate.left()
        #expect(next == waiting.first?.call)
        if let next {
          running.insert(next)
          waiting.removeFirst()
        }
      default:
        guard let index = waiting.indices.randomElement(using: &random) else { continue }
        let isAbandoned = gate.abandoned(waiting.remove(at: index).ticket)
        #expect(isAbandoned)
      }
      #expect(gate.running == running.count && gate.waiting == waiting.count)
      #expect(running.count <= limit && (waiting.isEmpty || running.count == limit))
    }
  }

  @Test func aChannelRunsAsManyCallsAsItMay() async throws {
    let counts = Mutex((running: 0, most: 0))
    let look = MethodHandler.unary(.test("Look", .unary)) { (request: Bytes, _) in
      counts.withLock {
        $0.running += 1
        $0.most = max($0.most, $0.running)
      }
      for _ in 0..<5 { await Task.yield() }
      counts.withLock { $0.running -= 1 }
      return request
    }
    try await serving([look], loops: 2) { server in
      // The calls come from two loops, and go on from one to the other.
      let client = try server.client { $0.maximumConcurrentCalls = 3 }
      let other = try EventLoopGroup(count: 1, name: "other")
      try await withThrowingTaskGroup(of: Void.self) { group in
        for index in 0..<100 {
          let loop = index % 2 == 0 ? TestLoop.shared : other.loops[0]
          group.addTask(executorPreference: loop) {
            let answer = try await client.call("Look", [UInt8(index)])
            #expect(answer == [UInt8(index)])
          }
        }
        try await group.waitForAll()
      }
      #expect(counts.withLock { $0.most } <= 3)
      try await whereBlockingIsFine { other.shutdown() }
    }
  }

  @Test func whoMustWait() async throws {
    let (entered, go) = (Gate(), Gate())
    try await serving([.wait(entered: entered, go: go), .echo]) { server in
      let client = try server.client {
        $0.maximumConcurrentCalls = 1
        $0.maximumQueuedCalls = 1
      }
      async let first = client.call("Wait", [1])
      try await entered.wait()
      // It waits, and its deadline passes.
      let late = await client.status(of: "Echo", [], .timeout(.milliseconds(30)))
      #expect(late.code == .deadlineExceeded && late.message.contains("other calls"))
      // It waits, and is cancelled.
      let begun = Gate()
      let cancelled = Task(executorPreference: TestLoop.shared) {
        begun.open()
        return await client.status(of: "Echo")
      }
      try await begun.wait()
      #expect(await client.status(of: "Echo").code == .resourceExhausted)
      cancelled.cancel()
      #expect(await cancelled.value.code == .cancelled)
      // It waits, and gets its turn.
      let second = Task { try await client.echo([2]) }
      go.open()
      #expect(try await first == [1])
      #expect(try await second.value == [2])
      #expect(try await client.echo([3]) == [3])
    }
  }
}
