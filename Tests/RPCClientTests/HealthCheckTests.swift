import EventLoop
import ProtoWire
import RPCClient
import RPCCore
import RPCServer
import TestPeer
import Testing

/// Servers that say whether they serve (grpc.health.v1.Health/Watch), and what becomes of calls. gRFC A17.
@Suite(.timeLimit(.minutes(2))) struct HealthCheckTests {
  private struct Replica {
    let health = HealthService()
    let server: TestServer

    init(_ index: Int, on address: SocketAddress = .tcp(host: "127.0.0.1", port: 0)) async throws {
      let name = MethodHandler.unary(.test("Name", .unary)) { (_: Bytes, _) in Bytes([UInt8(index)]) }
      server = try await TestServer.start([name] + health.methodHandlers, on: address)
    }
  }

  private func channel(_ addresses: [SocketAddress], _ service: String = "a.Service") throws -> Channel {
    try Channel(
      .addresses(addresses),
      configuration: .with {
        $0.balancing = .roundRobin
        $0.healthService = service
        $0.backoff.initial = .milliseconds(5)
        $0.backoff.maximum = .milliseconds(20)
      })
  }

  /// Calls until the answers of the last calls are these.
  private func call(_ client: TestClient, untilOnly expected: Set<UInt8>) async throws {
    var last: [UInt8] = []
    while last.count < 8 || Set(last.suffix(8)) != expected {
      last += try await client.call("Name", [], .with { $0.waitsForReady = true })
    }
  }

  @Test func callsGoWhereItIsServed() async throws {
    let replicas = try await (0..<3).asyncMap { try await Replica($0) }
    for replica in replicas.prefix(2) { replica.health.setStatus("a.Service", serving: true) }
    let client = TestClient(try channel(replicas.map(\.server.address)))
    try await TestLoop.run {
      try await call(client, untilOnly: [0, 1])
      replicas[2].health.setStatus("a.Service", serving: true)
      replicas[0].health.setStatus("a.Service", serving: false)
      try await call(client, untilOnly: [1, 2])
      for replica in replicas { replica.health.setStatus("a.Service", serving: false) }
      var error = RPCError(.ok, "")
      while error.code == .ok { error = await client.status(of: "Name") }
      #expect(error.code == .unavailable && error.message.contains("does not serve"))
      replicas[0].health.setStatus("a.Service", serving: true)
      try await call(client, untilOnly: [0])
    }
    for replica in replicas { try await replica.server.stop() }
  }

  @Test func aServerWithoutHealthGetsCalls() async throws {
    try await serving([.echo]) { server in
      let client = TestClient(try channel([server.address]))
      #expect(try await client.echo([1]) == [1])
    }
  }

  /// The watch does not hold up a server that drains, and begins again with the one that takes its place.
  @Test func theWatchEndsWithItsConnection() async throws {
    let first = try await Replica(1)
    let address = first.server.address
    let client = TestClient(try channel([address], ""))
    try await TestLoop.run { try await call(client, untilOnly: [1]) }
    try await first.server.stop(grace: .seconds(60))
    let second = try await Replica(2, on: address)
    try await TestLoop.run { try await call(client, untilOnly: [2]) }
    try await second.server.stop()
  }

  /// A channel that goes closes its connections, though the server would watch on.
  @Test func theWatchEndsWithItsChannel() async throws {
    let replica = try await Replica(1)
    try await TestLoop.run {
      do {
        let client = TestClient(try channel([replica.server.address], ""))
        try await call(client, untilOnly: [1])
      }
      while await !replica.server.server.connectionIDs(from: 0).isEmpty { try await Task.sleep(for: .milliseconds(2)) }
    }
    try await replica.server.stop()
  }

  /// A server that ends the watch without an answer is asked again, and gets no calls meanwhile.
  @Test func aWatchThatFailsIsRepeated() async throws {
    let server = try await ScriptedServer()
    let client = TestClient(try channel([server.address]))
    try await TestLoop.run {
      async let answer = client.call("Name", [], .with { $0.waitsForReady = true })
      let peer = try await server.open()
      let watch = try await peer.request()
      #expect(watch.field(":path") == "/grpc.health.v1.Health/Watch")
      #expect(watch.field("grpc-timeout") == nil)
      try await peer.send(
        Frame.headers(watch.stream, Peer.head + [["grpc-status", "14"]], end: true))
      let again = try await peer.request()
      #expect(again.field(":path") == "/grpc.health.v1.Health/Watch")
      // status: SERVING
      try await peer.send(Frame.headers(again.stream, Peer.head), Frame.data(again.stream, grpcFrame([8, 1])))
      let call = try await peer.request()
      #expect(call.field(":path") == "/test.Service/Name")
      try await peer.answer(call.stream, Bytes([9]))
      #expect(try await answer == [9])
      peer.close()
    }
  }
}
