import EventLoop
import InteropAPI
import ProtoWire
import RPCClient
import RPCCore
import RPCDynamic
import RPCLoad
import RPCServer
import Synchronization
import Testing

/// Loads on a server in the same process.
@Suite(.timeLimit(.minutes(2))) struct LoadRunTests {
  private func plan(_ server: LoadServer, _ method: String, _ data: String = "{}") async throws -> LoadPlan {
    let channel = try Channel(.addresses([server.address]))
    let catalog = try await ReflectionClient(channel).catalog(of: "grpc.testing.TestService")
    let requests = try LoadRequests(
      catalog.method("grpc.testing.TestService/\(method)"), data: data, metadata: [("x-number", "{{.RequestNumber}}")])
    return LoadPlan(
      requests: requests, target: .addresses([server.address]), configuration: ChannelConfiguration())
  }

  private func run(_ plan: LoadPlan, loops count: Int = 2) async throws -> LoadResult {
    let loops = try EventLoopGroup(count: count)
    defer { loops.shutdown() }
    return try await LoadRun(plan, on: loops).result()
  }

  @Test func aNumberOfCallsIsMadeToTheLast() async throws {
    try await LoadServer.with { server in
      var plan = try await plan(
        server, "UnaryCall", #"[{"responseSize": 1}, {"responseSize": 2}, {"responseSize": 3}]"#)
      plan.total = 300
      plan.connections = 3
      plan.concurrency = 7
      let result = try await run(plan)
      #expect(result.recorder.count == 300 && result.recorder.failed == 0 && result.recorder.latencies.count == 300)
      #expect(server.service.calls.withLock { $0.sizes } == [1: 100, 2: 100, 3: 100])
      #expect(server.service.calls.withLock { $0.numbers.count } == 300)
      #expect(server.service.calls.withLock { $0.peers.count } == 3)
    }
  }

  @Test func failedCallsAreCountedByTheirStatus() async throws {
    try await LoadServer.with { server in
      let data = #"[{}, {"responseStatus": {"code": 5, "message": "not here"}}]"#
      var plan = try await plan(server, "UnaryCall", data)
      plan.total = 100
      let result = try await run(plan)
      #expect(result.recorder.errors == ["NOT_FOUND: not here": 50] && result.errorShare == 0.5)
      #expect(result.recorder.latencies.count == 50)
      plan.countsErrors = true
      #expect(try await run(plan).recorder.latencies.count == 100)
    }
  }

  @Test(arguments: [
    ("StreamingOutputCall", #"{"responseParameters": [{"size": 1}, {"size": 2}]}"#, 0, 2),
    ("StreamingInputCall", #"[{}, {}, {}]"#, 3, 0),
    ("FullDuplexCall", #"[{"responseParameters": [{"size": 1}]}, {"responseParameters": [{"size": 1}]}]"#, 2, 2),
  ])
  func streams(_ method: String, _ data: String, _ sent: Int, _ received: Int) async throws {
    try await LoadServer.with { server in
      var plan = try await plan(server, method, data)
      plan.total = 40
      let result = try await run(plan)
      #expect(result.recorder.errors == [:] && result.recorder.count == 40)
      #expect(result.recorder.messages == (sent: 40 * sent, received: 40 * received))
    }
  }

  @Test func aStreamOfMoreMessagesThanTheDataHas() async throws {
    try await LoadServer.with { server in
      var plan = try await plan(server, "StreamingInputCall", "[{}, {}]")
      plan.total = 3
      plan.streamCount = 5
      plan.streamInterval = 1_000_000
      #expect(try await run(plan).recorder.messages.sent == 15)
    }
  }

  @Test func anOpenLoopKeepsItsRate() async throws {
    try await LoadServer.with { server in
      var plan = try await plan(server, "UnaryCall")
      plan.total = 100
      plan.schedule = .constant(1000)
      let result = try await run(plan)
      // The last call is due after 99 ms; a slow machine only takes longer.
      #expect(result.recorder.count == 100 && result.elapsed >= 99_000_000)
      #expect(result.recorder.serviceTimes?.count == 100)
    }
  }

  @Test func callsThatWaitForARoomCountTheirWait() async throws {
    try await LoadServer.with { server in
      server.service.delay.store(20, ordering: .relaxed)
      var plan = try await plan(server, "UnaryCall")
      plan.total = 10
      plan.concurrency = 1
      plan.schedule = .constant(10_000)
      let recorder = try await run(plan).recorder
      // All were due within a millisecond, and each took 20: the last one ended after 200.
      #expect(recorder.latencies.maximum >= 190_000_000)
      #expect((recorder.serviceTimes?.minimum ?? 0) >= 19_000_000)
      #expect(recorder.latest >= 150_000_000)
    }
  }

  @Test func theLoadEndsWithItsTime() async throws {
    try await LoadServer.with { server in
      var plan = try await plan(server, "UnaryCall")
      plan.duration = 200_000_000
      plan.warmUp = 100_000_000
      plan.concurrency = 3
      let result = try await run(plan)
      #expect(result.recorder.count > 0 && result.recorder.failed == 0 && result.elapsed >= 200_000_000)
      // The calls of the warm-up reached the server, and do not count.
      #expect(server.service.calls.withLock { $0.count } > result.recorder.count)
    }
  }

  @Test(arguments: [(LoadPlan.AtEnd.close, 4, 0), (.ignore, 0, 4)])
  func callsThatRunAtTheEnd(_ atEnd: LoadPlan.AtEnd, _ failed: Int, _ cutOff: Int) async throws {
    try await LoadServer.with { server in
      server.service.delay.store(60_000, ordering: .relaxed)
      var plan = try await plan(server, "UnaryCall")
      plan.duration = 100_000_000
      plan.concurrency = 4
      plan.atEnd = atEnd
      let recorder = try await run(plan).recorder
      #expect(recorder.failed == failed && recorder.cutOff == cutOff)
    }
  }

  @Test func aLoadCanBeStopped() async throws {
    try await LoadServer.with { server in
      server.service.delay.store(60_000, ordering: .relaxed)
      let plan = try await plan(server, "UnaryCall")
      let loops = try EventLoopGroup(count: 1)
      defer { loops.shutdown() }
      let run = LoadRun(plan, on: loops)
      async let result = run.result()
      while server.service.calls.withLock({ $0.count }) == 0 { try await Task.sleep(for: .milliseconds(1)) }
      run.stop(cutsOff: true)
      #expect(try await result.recorder.count == 0)
    }
  }

  @Test func nobodyListens() async throws {
    var plan: LoadPlan?
    try await LoadServer.with { server in plan = try await self.plan(server, "UnaryCall") }
    var dead = try #require(plan)
    dead.total = 10
    let result = try await run(dead)
    #expect(result.recorder.statuses[StatusCode.unavailable.rawValue] == 10)
  }
}
