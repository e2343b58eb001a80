import EventLoop
import ProtoWire
import RPCClient
import RPCCore
import RPCServer
import Synchronization
import TestPeer
import Testing
import Transport

/// Servers that are not there, go away, say nothing, or talk nonsense.
@Suite(.timeLimit(.minutes(2))) struct ConnectionTests {
  private func quick(_ configuration: inout ChannelConfiguration) {
    configuration.backoff.initial = .milliseconds(5)
    configuration.backoff.maximum = .milliseconds(20)
  }

  /// An address where nobody listens.
  private func nobody() async throws -> SocketAddress {
    try await whereBlockingIsFine {
      let socket = try ListeningSocket.open(.tcp(host: "127.0.0.1", port: 0))[0]
      defer { socket.close() }
      return socket.address
    }
  }

  @Test func nobodyListens() async throws {
    let client = TestClient(try Channel(.addresses([try await nobody()]), configuration: .with(quick)))
    await TestLoop.run {
      for _ in 0..<3 { #expect(await client.status(of: "Echo").code == .unavailable) }
      let waiting = CallOptions.with {
        $0.waitsForReady = true
        $0.timeout = .milliseconds(100)
      }
      let error = await client.status(of: "Echo", [], waiting)
      #expect(error.code == .deadlineExceeded && error.message.contains("waited for a connection"))
    }
  }

  @Test func aCallMayWaitForItsServer() async throws {
    let address = try await nobody()
    let client = TestClient(try Channel(.addresses([address]), configuration: .with(quick)))
    let call = Task { try await client.echo([1], .with { $0.waitsForReady = true }) }
    while await client.status(of: "Echo").code != .unavailable {}
    try await serving([.echo], on: address) { _ in
      let answer = try await call.value
      #expect(answer == [1])
    }
  }

  @Test func aNameThatNobodyHas() async throws {
    let client = TestClient(try Channel("dns:///no-such-host.invalid:1"))
    #expect(await client.status(of: "Echo").code == .unavailable)
  }

  @Test func malformedTargets() {
    for text in ["", "dns:", "dns://8.8.8.8/host", "ipv4:", "ipv4:x,", "unix:", ":80", "host:port"] {
      let error = #expect(throws: ChannelError.self) { _ = try Channel(ChannelTarget(text)) }
      #expect(error?.description.isEmpty == false)
    }
  }

  /// Calls that run are finished, and the next ones find the server that took its place.
  @Test func aServerThatDrains() async throws {
    let (entered, go) = (Gate(), Gate())
    let first = try await TestServer.start([.wait(entered: entered, go: go), .echo])
    let client = TestClient(try Channel(first.target, configuration: .with(quick)))
    try await TestLoop.run {
      async let last = client.call("Wait", [7])
      try await entered.wait()
      async let stopped: Void = first.stop(grace: .seconds(30))
      // Until the drain has begun, calls succeed; afterwards nobody listens.
      while await client.status(of: "Echo").code != .unavailable {}
      go.open()
      #expect(try await last == [7])
      try await stopped
    }
    try await serving([.echo], on: first.address) { _ in
      let answer = try await client.echo([1], .with { $0.waitsForReady = true })
      #expect(answer == [1])
    }
  }

  /// Under constant load, no call fails: what the server has not processed is sent again.
  @Test func connectionsThatAgeLoseNoCall() async throws {
    try await serving(
      [.echo], loops: 2,
      {
        $0.times.age = .milliseconds(20)
        $0.times.ageGrace = .seconds(10)
      }
    ) { server in
      // A connection may be too old before it is open.
      let client = try server.client {
        quick(&$0)
        $0.waitsForReady = true
      }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<8 {
          group.addTask {
            for _ in 0..<50 {
              let answer = try await client.echo([1])
              #expect(answer == [1])
            }
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test func aRefusedStreamIsSentAgainOnce() async throws {
    let server = try await ScriptedServer()
    let client = try server.client()
    try await TestLoop.run {
      let record = CallRecord()
      async let answer = client.call("Call", bytes(1000), .with { $0.record = record })
      let peer = try await server.open()
      try await peer.send(Frame.reset(peer.request().stream, 7))
      let again = try await peer.request()
      #expect(again.field("grpc-previous-rpc-attempts") == nil)
      let body = try await peer.wait(for: .data, stream: again.stream)
      #expect(body.payload == grpcFrame(Bytes(bytes(1000)).wireBytes()))
      try await peer.answer(again.stream, Bytes([3]))
      #expect(try await answer == [3])
      #expect(record.attempts == 2)

      async let refused = client.status(of: "Call")
      for _ in 0..<2 { try await peer.send(Frame.reset(peer.request().stream, 7)) }
      #expect(await refused.code == .unavailable)
      peer.close()
    }
  }

  /// GOAWAY says which calls the server has not seen: they go to another connection, the others are finished.
  @Test func callsBeyondTheLastStreamAreSentAgain() async throws {
    let server = try await ScriptedServer()
    let client = try server.client()
    try await TestLoop.run {
      async let first = client.call("First")
      let peer = try await server.open()
      let seen = try await peer.request().stream
      async let second = client.call("Second")
      _ = try await peer.request()
      try await peer.send(Frame.goAway(last: seen, 0))
      let other = try await server.open()
      let again = try await other.request()
      #expect(again.field(":path") == "/test.Service/Second")
      try await other.answer(again.stream, Bytes([2]))
      try await peer.answer(seen, Bytes([1]))
      #expect(try await first == [1])
      #expect(try await second == [2])
      // The old connection ends with its last call.
      _ = try await peer.rest()
      peer.close()
      other.close()
    }
  }

  @Test func aConnectionThatIsLostEndsItsCalls() async throws {
    let server = try await ScriptedServer()
    let client = try server.client()
    try await TestLoop.run {
      async let lost = client.status(of: "Call")
      let peer = try await server.open()
      _ = try await peer.request()
      peer.close()
      let error = await lost
      #expect(error.code == .unavailable && error.message.contains("was lost"))
      async let answer = client.call("Call")
      let next = try await server.open()
      try await next.answer(next.request().stream, Bytes([1]))
      #expect(try await answer == [1])
      next.close()
    }
  }

  @Test func aServerThatTalksNonsense() async throws {
    let server = try await ScriptedServer()
    let client = try server.client()
    try await TestLoop.run {
      async let error = client.status(of: "Call")
      let peer = try await server.accept()
      await peer.trySend(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8) + bytes(100))
      #expect(await error.code == .unavailable)
      peer.close()
    }
  }

  /// The connection is accepted, and nothing is ever said.
  @Test func aServerThatSaysNothing() async throws {
    let server = try await ScriptedServer()
    let client = try server.client { $0.connectTimeout = .milliseconds(200) }
    await TestLoop.run {
      #expect(await client.status(of: "Call").code == .unavailable)
    }
  }

  /// It answered once, and then is silent: keepalive finds out.
  @Test func aServerThatFallsSilent() async throws {
    let server = try await ScriptedServer()
    let client = try server.client {
      $0.keepAlive = KeepAlivePolicy(interval: .milliseconds(50), timeout: .milliseconds(50))
      $0.keepAlive.leastInterval = .zero
    }
    try await TestLoop.run {
      async let error = client.status(of: "Call")
      let peer = try await server.open()
      _ = try await peer.wait(for: .ping)
      let failure = await error
      #expect(failure.code == .unavailable && failure.message.contains("PING"))
      peer.close()
    }
  }

  /// A further connection is opened where the server takes no more calls on the first; beyond that, calls wait.
  @Test func theServersLimitOfStreams() async throws {
    let server = try await ScriptedServer()
    let client = try server.client { $0.maximumConnections = 2 }
    try await TestLoop.run {
      let calls = (0..<3).map { index in Task { try await client.call("Call", [UInt8(index)]) } }
      let first = try await server.open([(id: 3, value: 1)])
      let one = try await first.request().stream
      let second = try await server.open([(id: 3, value: 1)])
      let two = try await second.request().stream
      try await first.answer(one, Bytes([9]))
      let three = try await first.request().stream
      try await second.answer(two, Bytes([9]))
      try await first.answer(three, Bytes([9]))
      for call in calls { #expect(try await call.value == [9]) }
      first.close()
      second.close()
    }
  }

  @Test func roundRobinUsesAllAndSurvivesHalf() async throws {
    let counts = Mutex([0, 0, 0])
    func method(_ index: Int) -> MethodHandler {
      .unary(.test("Look", .unary)) { (request: Bytes, _) in
        counts.withLock { $0[index] += 1 }
        return request
      }
    }
    let servers = try await (0..<3).asyncMap { try await TestServer.start([method($0)]) }
    let client = TestClient(
      try Channel(
        .addresses(servers.map(\.address)),
        configuration: .with {
          quick(&$0)
          $0.balancing = .roundRobin
        }))
    try await TestLoop.run {
      while counts.withLock({ $0.contains(0) }) { _ = try await client.call("Look") }
      counts.withLock { $0 = [0, 0, 0] }
      for _ in 0..<30 { _ = try await client.call("Look") }
      #expect(counts.withLock { $0 } == [10, 10, 10])
    }
    try await servers[1].stop()
    try await TestLoop.run {
      counts.withLock { $0 = [0, 0, 0] }
      for _ in 0..<30 { _ = try await client.call("Look") }
      #expect(counts.withLock { $0 } == [15, 0, 15])
    }
    for server in [servers[0], servers[2]] { try await server.stop() }
    #expect(await client.status(of: "Look").code == .unavailable)
  }

  @Test func anIdleChannelClosesItsConnections() async throws {
    let server = try await ScriptedServer()
    let client = try server.client { $0.idleTimeout = .milliseconds(50) }
    try await TestLoop.run {
      for number in UInt8(1)...2 {
        async let answer = client.call("Call")
        let peer = try await server.open()
        try await peer.answer(peer.request().stream, Bytes([number]))
        #expect(try await answer == [number])
        _ = try await peer.rest()
        peer.close()
      }
    }
  }

  /// Channels that are dropped finish their calls, close their connections, and leave nothing.
  @Test func droppedChannelsLeaveNothing() async throws {
    try await serving([.echo]) { server in
      var seen: [@Sendable () -> Bool] = []
      for index in 0..<200 {
        let channel = try Channel(server.target)
        seen.append { [weak channel] in channel != nil }
        if index % 2 == 0 { #expect(try await TestClient(channel).echo([1]) == [1]) }
      }
      #expect(seen.allSatisfy { !$0() })
      while await !server.server.connectionIDs(from: 0).isEmpty { try await Task.sleep(for: .milliseconds(2)) }
    }
  }
}
