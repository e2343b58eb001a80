import EventLoop
import ProtoWire
import RPCCore
import RPCServer
import Synchronization
import TestPeer
import Testing

@testable import RPCClient

/// Policies with real servers: who gets the calls.
@Suite(.timeLimit(.minutes(2))) struct SpreadingTests {
  /// Servers whose calls of `Look` are counted, and answered as a test says.
  private struct Servers {
    let servers: [TestServer]
    let counts: Counts

    final class Counts: Sendable {
      private let counts: Mutex<[Int]>
      init(_ count: Int) { counts = Mutex(Array(repeating: 0, count: count)) }
      func add(_ index: Int) { counts.withLock { $0[index] += 1 } }
      func take() -> [Int] {
        counts.withLock { counts in
          defer { counts = counts.map { _ in 0 } }
          return counts
        }
      }
    }

    static func start(
      _ count: Int, _ answer: @escaping @Sendable (Int, Bytes, ServerContext) async throws -> Bytes
    ) async throws -> Servers {
      let counts = Counts(count)
      let servers = try await (0..<count).asyncMap { index in
        try await TestServer.start([
          .unary(.test("Look", .unary)) { (request: Bytes, context) in
            counts.add(index)
            return try await answer(index, request, context)
          }
        ])
      }
      return Servers(servers: servers, counts: counts)
    }

    func client(_ balancing: LoadBalancing) throws -> (TestClient, Channel) {
      let channel = try Channel(.addresses(servers.map(\.address)), configuration: .with { $0.balancing = balancing })
      return (TestClient(channel), channel)
    }

    func stop() async throws {
      for server in servers { try await server.stop() }
    }
  }

  /// Calls until all have had one.
  private func warmUp(_ client: TestClient, _ servers: Servers) async throws {
    var seen = servers.counts.take()
    while seen.contains(0) {
      _ = await client.status(of: "Look")
      seen = zip(seen, servers.counts.take()).map { $0 + $1 }
    }
  }

  @Test func aServerThatFailsIsEjectedAndComesBack() async throws {
    let isMended = Gate()
    let servers = try await Servers.start(3) { index, request, _ in
      if index == 1, !isMended.isOpen { throw RPCError(.internal, "broken") }
      return request
    }
    let (client, channel) = try servers.client(
      .roundRobin.ejectingOutliers(
        .with {
          $0.interval = .milliseconds(20)
          $0.baseEjectionTime = .milliseconds(200)
          $0.failurePercentage = .init()
          $0.failurePercentage?.minimumAddresses = 1
          $0.failurePercentage?.minimumCalls = 1
        }))
    try await TestLoop.run {
      func isEjected() async -> Bool {
        await channel.snapshots().contains { $0.subchannels.contains(where: \.isEjected) }
      }
      while await !isEjected() { _ = await client.status(of: "Look") }
      // No call fails while it is ejected.
      _ = servers.counts.take()
      var failures = 0
      for _ in 0..<30 {
        guard await isEjected() else { break }
        if await client.status(of: "Look").code != .ok { failures += 1 }
      }
      #expect(failures <= 1)
      isMended.open()
      while await isEjected() { _ = await client.status(of: "Look") }
      try await warmUp(client, servers)
      let snapshot = await channel.snapshots()[0]
      #expect(snapshot.state == .ready && snapshot.subchannels.map(\.connections) == [1, 1, 1])
    }
    try await servers.stop()
  }

  /// Calls that hang in one server go to the others.
  @Test func leastRequestAvoidsAServerThatHangs() async throws {
    let go = Gate()
    let servers = try await Servers.start(2) { index, request, _ in
      if index == 0, request.value == [1] { await go.passed() }
      return request
    }
    let (client, _) = try servers.client(.leastRequest(choices: 10))
    try await TestLoop.run {
      try await warmUp(client, servers)
      // Twenty calls that hang where they meet the first server.
      let hanging = (0..<20).map { _ in
        Task(executorPreference: TestLoop.shared) { await client.status(of: "Look", [1]) }
      }
      var seen = [0, 0]
      while seen.reduce(0, +) < 20 {
        seen = zip(seen, servers.counts.take()).map { $0 + $1 }
        try await Task.sleep(for: .milliseconds(1))
      }
      guard seen[0] > 0 else {
        go.open()
        for call in hanging { #expect(await call.value.code == .ok) }
        return
      }
      _ = servers.counts.take()
      for _ in 0..<200 { #expect(await client.status(of: "Look").code == .ok) }
      let counts = servers.counts.take()
      #expect(counts[1] > counts[0] * 10)
      go.open()
      for call in hanging { #expect(await call.value.code == .ok) }
    }
    try await servers.stop()
  }

  @Test func weightsComeFromLoadReports() async throws {
    let servers = try await Servers.start(2) { index, request, context in
      let report = Xds_Data_Orca_V3_OrcaLoadReport.with {
        $0.cpuUtilization = index == 0 ? 0.1 : 0.9
        $0.rpsFractional = 100
      }
      var metadata = Metadata()
      _ = metadata.add("endpoint-load-metrics-bin", bytes: report.wireBytes())
      context.addTrailingMetadata(metadata)
      return request
    }
    var settings = WeightedRoundRobin()
    settings.blackoutPeriod = .zero
    settings.updatePeriod = .zero
    let (client, channel) = try servers.client(.weightedRoundRobin(settings: settings))
    try await TestLoop.run {
      try await warmUp(client, servers)
      var counts = [0, 0]
      // The next schedule, 100 ms later, has the weights: 9 to 1, of which the least is a tenth of the mean.
      while counts[0] < 500 {
        _ = servers.counts.take()
        for _ in 0..<600 { #expect(await client.status(of: "Look").code == .ok) }
        counts = servers.counts.take()
      }
      #expect(counts[1] > 20 && counts[1] < 100)
      #expect(await channel.snapshots()[0].state == .ready)
    }
    try await servers.stop()
  }
}
